"""A stateful stand-in for the part of Stripe that the unmodified `stripe` SDK uses. See README.md.

double = StripeDouble(Config(), clock=Clock.frozen())
with Server(double) as server:
    client = stripe.StripeClient(double.config.platform_key_test,
                                 base_addresses={"api": server.url, "connect": server.url})
"""

from .clock import DAY, Clock
from .config import API_VERSION, Config
from .deliverer import DeliveryPolicy, signature
from .double import StripeDouble
from .errors import ConnectionDropped, OAuthFault, StripeFault
from .events import EventPolicy
from .faults import Fault
from .inprocess import InProcessClient
from .server import Server
from .versions import VERSIONS

__all__ = [
    "API_VERSION",
    "DAY",
    "VERSIONS",
    "Clock",
    "Config",
    "ConnectionDropped",
    "DeliveryPolicy",
    "EventPolicy",
    "Fault",
    "InProcessClient",
    "OAuthFault",
    "Server",
    "StripeDouble",
    "StripeFault",
    "signature",
]
