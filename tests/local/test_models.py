"""Several threads can decode the same class for the first time at the same time."""

import subprocess
import sys

AFTERWARDS = """
import msgspec
from chalicelib.adapters.stripe.events import Event
from chalicelib.api.models.new_invoices import NewInvoice
from chalicelib.domain.invoice import Invoice
from infra.local import models

models.prepare()
for kind in (NewInvoice, Event, Invoice):
    kind.__annotations__ = {}  # whoever worked out the fields now would find none
    msgspec.json.Decoder(kind)
"""


def test_the_fields_of_all_models_are_known_before_the_first_request() -> None:
    completed = subprocess.run([sys.executable, "-c", AFTERWARDS], capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
