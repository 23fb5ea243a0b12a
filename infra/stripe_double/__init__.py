"""A stateful stand-in for the part of Stripe that the unmodified `stripe` SDK uses. See README.md.

double = StripeDouble(Config(), clock=Clock.frozen())
with Server(double) as server:
    client = stripe.StripeClient(double.config.platform_key_test,
                                 base_addresses={"api": server.url, "connect": server.url})
"""

from .api.faults import Fault
from .clock import DAY, Clock
from .config import API_VERSION, Config
from .double import StripeDouble
from .errors import ConnectionDropped, OAuthFault, StripeFault
from .inprocess import InProcessClient
from .server import Server
from .state.events import EventPolicy
from .state.versions import VERSIONS
from .webhooks.deliverer import DeliveryPolicy, signature

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
