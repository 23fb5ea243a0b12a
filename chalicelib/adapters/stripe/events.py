"""Decodes Stripe events: signed ones from the webhook, and listed ones for the sweep."""

from __future__ import annotations

import hmac
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import msgspec

from chalicelib.adapters.stripe.event_subjects import CUSTOMER_KEY, INVOICE_KEY, ORGANIZATION_KEY, subject_of
from chalicelib.adapters.stripe.objects import OBJECTS, Invoice
from chalicelib.domain.errors import InvalidSignature
from chalicelib.domain.events import LATEST_TIMESTAMP, UNREADABLE, StripeEvent
from chalicelib.domain.facts import AccountFact, CustomerFact, StripeFact
from chalicelib.domain.identifiers import ACCOUNT_ID, STRIPE_ID, StripeAccountId, is_id

TOLERANCE = 300
"""The most seconds between a signature's time and now (https://docs.stripe.com/webhooks#replay-attacks)."""

WRITTEN_SECONDS = "0|[1-9][0-9]{0,11}"
"""The only accepted form of a signature's time."""

LARGEST_STORED_BODY = 240 * 1024
"""The most bytes of a parked event's body that are stored. An item of DynamoDB holds 400 KB, compressed or not."""

LONGEST_NAME = 255
"""The most characters of a type, a kind or a version. Stripe has no longer name."""

LONGEST_NUMBER = 30
"""The most digits of a whole number in a repaired event. Stripe's have at most 15, and Python parses up to 4,300."""

NOTHING = msgspec.Raw(b"null")


class EventData(msgspec.Struct):
    object: msgspec.Raw = NOTHING


class Event(msgspec.Struct):
    """https://docs.stripe.com/api/events/object

    Only the id and the type are required, so that an event about our objects is stored even if its other fields are
    malformed.
    """

    id: str
    type: str
    created: Any = 0
    data: msgspec.Raw = NOTHING
    livemode: Any = False
    account: Any = None
    api_version: Any = None
    request: Any = None

    @property
    def created_at(self) -> int:
        """Returns epoch seconds UTC, or 0 if the event has no time that can be written as a date."""
        if isinstance(self.created, bool) or not isinstance(self.created, int | float):
            return 0
        return int(self.created) if 0 < self.created <= LATEST_TIMESTAMP else 0


_data_decoder = msgspec.json.Decoder(EventData)
_event_decoder = msgspec.json.Decoder(Event)
_decoders = {name: msgspec.json.Decoder(model) for name, model in OBJECTS.items()}


class NotAnEvent(ValueError):
    """The body names no event that could be Stripe's."""


def read_event(body: bytes, account_id: StripeAccountId | None = None) -> StripeEvent:
    """Returns an event in the domain's form. The caller passes the account of a listed event, which does not name it.

    Invalid characters and numbers in the body are replaced, because Stripe passes on what people type and may cut a
    text in the middle of a character.

    Raises:
        NotAnEvent: the body is no event, or its id or its account cannot be Stripe's.
    """
    try:
        return _event_in(body, account_id)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _event_in(_repaired(body), account_id)
    except RecursionError as exc:
        raise NotAnEvent("It is nested deeper than anything of Stripe's") from exc


def _event_in(body: bytes, account_id: StripeAccountId | None) -> StripeEvent:
    text, event = body.decode(), _event_decoder.decode(body)
    account = account_id or event.account
    if not is_id(event.id, STRIPE_ID) or not (account is None or is_id(account, ACCOUNT_ID)):
        raise NotAnEvent("Stripe has no such event or account")
    if len(event.type) > LONGEST_NAME:
        raise NotAnEvent("Stripe has no such type")
    is_version = isinstance(event.api_version, str) and len(event.api_version) <= LONGEST_NAME
    version = event.api_version if is_version else None
    try:
        raw_object = _data_decoder.decode(event.data).object
    except msgspec.ValidationError:
        raw_object = NOTHING
    subject = subject_of(raw_object)
    fact, outside_amount_missing = _fact_in(raw_object, subject.kind, event)
    # Old events have the id of the request instead of the hash with the idempotency key.
    key = event.request.get("idempotency_key") if isinstance(event.request, dict) else None
    stripe_event = StripeEvent(
        id=event.id,
        type=event.type,
        account_id=StripeAccountId(account) if account else None,
        livemode=event.livemode is True,
        created=event.created_at,
        api_version=version,
        object_type=subject.kind,
        object_id=subject.stripe_id,
        fact=fact,
        lacks_paid_outside=outside_amount_missing,
        body=text,
        owner_ids=subject.owner_ids(version),
        organization_hint=subject.organization_hint,
        invoice_hint=subject.invoice_hint,
        revised_id=subject.revised_id,
        customer_hint=subject.customer_hint,
        refunded_amount=subject.refunded_amount,
        booked=subject.booked,
        idempotency_key=key if isinstance(key, str) else None,
    )
    return stripe_event if len(body) <= LARGEST_STORED_BODY else replace(stripe_event, body=pointer_to(stripe_event))


def _repaired(body: bytes) -> bytes:
    try:
        text = body.decode(errors="replace")
        loose = json.loads(text, parse_float=_finite, parse_int=_short, parse_constant=lambda _: None)
        utf_16 = json.dumps(loose, ensure_ascii=False).encode("utf-16", "surrogatepass")
        repaired = utf_16.decode("utf-16", "replace").encode()
        _event_decoder.decode(repaired)
    except (ValueError, RecursionError) as exc:
        raise NotAnEvent("It is no JSON, or no event") from exc
    return repaired


def _finite(written: str) -> float | None:
    number = float(written)
    return number if math.isfinite(number) else None


def _short(written: str) -> int | None:
    return int(written) if len(written) <= LONGEST_NUMBER else None


def pointer_to(event: StripeEvent) -> str:
    """Returns a short body with only the ids that lead to the event's object and to its owner.

    It replaces the body of an event that is too large, or that is about an erased person. The length of each part is
    limited. The body names no API version, so fields that its object lacks are not taken as empty. A retry fetches
    them.
    """
    hints = {
        ORGANIZATION_KEY: event.organization_hint,
        INVOICE_KEY: event.invoice_hint,
        CUSTOMER_KEY: event.customer_hint,
    }
    pointer = {
        "id": event.object_id,
        "object": event.object_type,
        "metadata": {key: hint for key, hint in hints.items() if hint is not None},
        "from_invoice": {"action": "revision", "invoice": event.revised_id} if event.revised_id else None,
    }
    event_fields = {
        "id": event.id,
        "type": event.type,
        "created": event.created,
        "livemode": event.livemode,
        "account": event.account_id,
        "data": {"object": pointer},
    }
    return msgspec.json.encode(event_fields).decode()


def listed_event(body: bytes, account_id: StripeAccountId) -> StripeEvent | None:
    """Returns an event of Stripe's list, or None if it cannot be Stripe's, so that it does not stop the others."""
    try:
        return read_event(body, account_id)
    except NotAnEvent:
        return None


def _fact_in(
    raw_object: msgspec.Raw, object_type: str, event: Event
) -> tuple[StripeFact | CustomerFact | AccountFact | None, bool]:
    """Returns the fact in an object, or None, and True if it is an invoice that lacks the amount paid outside Stripe.

    The fact is None if the object is not of our version's shape, because in another version a field may have another
    meaning.
    """
    decoder = _decoders.get(object_type)
    if decoder is None:
        return None, False
    try:
        stripe_object = decoder.decode(raw_object)
        if event.type.endswith(".deleted") and hasattr(stripe_object, "deleted"):
            stripe_object.deleted = True
        outside_amount_missing = isinstance(stripe_object, Invoice) and stripe_object.paid_outside is None
        return stripe_object.fact(event.created_at), outside_amount_missing
    except msgspec.ValidationError:
        return None, False


class Clock(Protocol):
    def now(self) -> int: ...


class WebhookOpener:
    """Opens webhook bodies that Stripe signed for us.

    The `stripe` package is not used, because its verification takes forty times as long as the HMAC and accepts
    signatures that are dated in the future. While a secret is being rotated, several secrets are valid at once.
    """

    def __init__(self, secrets: Callable[[], Sequence[str]], clock: Clock) -> None:
        self._secrets = secrets
        self._clock = clock

    def open(self, body: bytes, signature_header: str | None) -> StripeEvent:
        """Returns the event in a webhook request.

        A body that cannot be an event of Stripe's returns an event of type UNREADABLE without an id.

        Raises:
            InvalidSignature: the body is altered, too old, dated in the future, or signed with another secret.
        """
        verify(body, signature_header, self._secrets(), now=self._clock.now())
        try:
            return read_event(body)
        except NotAnEvent:
            return StripeEvent(
                id="", type=UNREADABLE, account_id=None, livemode=False, created=self._clock.now(),
                api_version=None, object_type="", object_id="", fact=None, body="",
            )  # fmt: skip


def verify(body: bytes, header: str | None, secrets: Sequence[str], *, now: int) -> None:
    """Verifies a `Stripe-Signature` header (https://docs.stripe.com/webhooks#verify-manually).

    Raises:
        InvalidSignature: the header has no signature that was made with one of the secrets within `TOLERANCE`.
    """
    pairs = [item.split("=", 1) for item in (header or "").split(",") if "=" in item]
    times = [value for name, value in pairs if name == "t"]
    signatures = [value.encode(errors="surrogatepass") for name, value in pairs if name == "v1"]
    if not times or not signatures:
        raise InvalidSignature("the header holds no time or no v1 signature")
    if len(times) > 1:
        raise InvalidSignature("the header holds more than one time")
    if not re.fullmatch(WRITTEN_SECONDS, times[0]):
        raise InvalidSignature("the header's time is not a number of seconds")
    timestamp = int(times[0])
    if abs(now - timestamp) > TOLERANCE:
        raise InvalidSignature("the signature's time is too far from now")
    expected = [_signature(body, timestamp, secret).encode() for secret in secrets if secret]
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in signatures]
    if not any(matches):
        raise InvalidSignature("no signature matches")


def signature_header(body: bytes, secret: str, at: int) -> str:
    """Returns a `Stripe-Signature` header in Stripe's form, for an event of our own."""
    return f"t={at},v1={_signature(body, at, secret)}"


def _signature(body: bytes, at: int, secret: str) -> str:
    return hmac.digest(secret.encode(), b"%d." % at + body, "sha256").hex()
