"""The application with a defect that can be deployed.

While the file exists that POM_DEMO_DEFECT names, events about refunds cannot be applied.
"""

from __future__ import annotations

import os
from pathlib import Path

from app import app
from chalicelib.domain.events import StripeEvent
from chalicelib.domain.history import Source
from chalicelib.ports import Ports
from chalicelib.usecases.events import receive_event as receiving
from chalicelib.usecases.events.apply_event import apply_event
from chalicelib.usecases.events.event_outcome import EventOutcome
from infra.ops_demo import DEFECT

__all__ = ["app"]


def _with_defect(event: StripeEvent, source: Source, ports: Ports) -> EventOutcome:
    if Path(os.environ[DEFECT]).exists() and "refund" in event.type:
        raise KeyError("refund")
    return apply_event(event, source, ports)


vars(receiving)["apply_event"] = _with_defect
