"""Our verifier and the SDK's agree on the required verdicts; where they differ, ours is stricter."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import time

import pytest
import stripe

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.stripe.events import WebhookOpener
from chalicelib.domain.errors import InvalidSignature

SECRET = "whsec_integration"
BODY = json.dumps(
    {
        "id": "evt_1",
        "object": "event",
        "type": "customer.updated",
        "created": 1_800_000_000,
        "account": "acct_1",
        "api_version": "2026-10-28.endive",
        "data": {"object": {"id": "cus_1", "object": "customer", "email": "ann@example.com \u00e9"}},
    }
).encode()


def digest(body: bytes, at: object, secret: str = SECRET) -> str:
    return hmac.digest(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hex()


def signature_header(body: bytes = BODY, age: int = 0, secret: str = SECRET) -> str:
    at = int(time.time()) - age
    return f"t={at},v1={digest(body, at, secret)}"


def our_verdict(body: bytes, header: str, *secrets: str) -> bool:
    try:
        event = WebhookOpener(lambda: secrets or (SECRET,), SystemClock()).open(body, header)
    except InvalidSignature:
        return False
    assert event.id == "evt_1"
    return True


def sdk_verdict(body: bytes, header: str) -> bool:
    try:
        event = stripe.Webhook.construct_event(body, header, SECRET)
    except (stripe.SignatureVerificationError, ValueError):
        return False
    assert event.id == "evt_1"
    return True


BOTH_ACCEPT = {
    "as Stripe sends it": lambda: signature_header(),
    "four minutes old": lambda: signature_header(age=240),
    "with an older scheme beside": lambda: signature_header() + ",v0=" + "0" * 64,
    "with a wrong signature first": lambda: signature_header().replace(",v1=", ",v1=" + "0" * 64 + ",v1="),
    "with a wrong signature last": lambda: signature_header() + ",v1=" + "0" * 64,
    "with something unknown": lambda: signature_header() + ",v9=abc",
    "the signature first": lambda: ",".join(reversed(signature_header().split(","))),
}
BOTH_REFUSE = {
    "empty": lambda: "",
    "no signature": lambda: f"t={int(time.time())}",
    "no time": lambda: signature_header().split(",")[1],
    "another secret": lambda: signature_header(secret="whsec_other"),
    "another body": lambda: signature_header(BODY + b" "),
    "older than five minutes": lambda: signature_header(age=310),
    "the older scheme only": lambda: signature_header().replace("v1=", "v0="),
    "time not a number": lambda: signature_header().replace("t=", "t=x"),
    "another time": lambda: signature_header().replace("t=", "t=1"),
    "cut off": lambda: signature_header()[:-1],
    "upper case": lambda: signature_header().split("v1=")[0] + "v1=" + signature_header().split("v1=")[1].upper(),
    "separated otherwise": lambda: signature_header().replace(",", ";"),
}
OURS_REFUSES = {
    "dated ahead": lambda: signature_header(age=-310),
    "dated a day ahead": lambda: signature_header(age=-86_400),
}
"""https://docs.stripe.com/webhooks#replay-attacks asks for a tolerance; the SDK applies it to the past only."""


@pytest.mark.parametrize("case", BOTH_ACCEPT)
def test_our_verifier_and_the_sdk_both_accept(case: str) -> None:
    header = BOTH_ACCEPT[case]()

    assert (our_verdict(BODY, header), sdk_verdict(BODY, header)) == (True, True)


@pytest.mark.parametrize("case", BOTH_REFUSE)
def test_our_verifier_and_the_sdk_both_refuse(case: str) -> None:
    header = BOTH_REFUSE[case]()

    assert (our_verdict(BODY, header), sdk_verdict(BODY, header)) == (False, False)


@pytest.mark.parametrize("case", OURS_REFUSES)
def test_our_verifier_is_stricter_than_the_sdk(case: str) -> None:
    header = OURS_REFUSES[case]()

    assert (our_verdict(BODY, header), sdk_verdict(BODY, header)) == (False, True)


def test_while_a_secret_is_rolled_both_secrets_are_valid() -> None:
    header = signature_header(secret="whsec_new")

    assert our_verdict(BODY, header, SECRET, "whsec_new")
    assert our_verdict(BODY, signature_header(), SECRET, "whsec_new")
    assert not our_verdict(BODY, header, SECRET, "")


def test_our_verifier_accepts_no_mutation_that_the_sdk_refuses() -> None:
    chance = random.Random(1)
    good = signature_header()
    accepted_count = 0
    for _ in range(3_000):
        header, body = bytearray(good.encode()), bytearray(BODY)
        for _ in range(chance.choice((0, 1, 1, 2))):
            target = header if chance.random() < 0.7 else body
            where = chance.randrange(len(target))
            match chance.randrange(3):
                case 0:
                    target[where] = chance.randrange(32, 127)
                case 1:
                    del target[where]
                case _:
                    target.insert(where, chance.choice(b"=,tv01 \t"))
        text = header.decode()
        if our_verdict(bytes(body), text):
            accepted_count += 1
            assert sdk_verdict(bytes(body), text), text
    assert accepted_count > 500, "the untouched ones are among them"
