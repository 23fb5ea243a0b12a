"""Proof `forgeries`: webhooks that Stripe did not sign, and access tokens that POM did not issue, by the hundred
thousand.

This module decides by the signed bytes, and not by the tested code, whether a request is a forgery. The SDK's own
verifier checks each webhook too: both verifiers agree on what both must accept and refuse. Where they differ, ours is
stricter, for a reason in `STRICTER`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import stripe

from chalicelib.adapters.stripe.events import TOLERANCE, verify
from chalicelib.adapters.tokens import KeySet, TokenVerifier
from chalicelib.domain.errors import InvalidSignature
from chalicelib.domain.identity import Unauthorized
from tests.api.tokens import CONFIG, Issuer, jwks, public_jwk
from tests.proofs.report import Budget, Result
from tests.world import WEBHOOK_SECRET

LIVE_SECRET, TEST_SECRET, ROLLED_SECRET = WEBHOOK_SECRET, "whsec_test", "whsec_rolled"
OURS = (LIVE_SECRET, ROLLED_SECRET, "")
"""The endpoint's secret, the secret that replaces it, and an empty secret."""

TOKENS_IN = 10
"""One forgery in this number is an access token; the others are webhooks."""

STRICTER = {
    "ahead": "the SDK has no bound on the future",
    "spelled": "the SDK reads a time with `int`, which takes spaces, signs, underscores and other digits",
    "twice": "the SDK takes the first time, ours takes no header with two",
    "header": "the SDK reads `t=1=x` as `t=1`",
}
"""The families of forgeries of which the SDK accepts some."""

Chance = random.Random


@dataclass(frozen=True)
class Webhook:
    """A webhook request, as it arrives."""

    body: bytes
    header: str


@dataclass
class Figures:
    """The forgeries that were tried.

    `accepted` must stay empty; `same` counts mutations that changed nothing that is signed.
    """

    tried: Counter[str] = field(default_factory=Counter)
    accepted: list[tuple[str, object]] = field(default_factory=list)
    disputed: list[tuple[str, object]] = field(default_factory=list)
    """Forgeries on which the SDK and POM's verification disagree without a known reason."""
    same: int = 0
    genuine: int = 0
    seconds: float = 0.0

    @property
    def total(self) -> int:
        return self.tried.total()

    def __str__(self) -> str:
        return (
            f"{self.total} forgeries in {len(self.tried)} families, {len(self.accepted)} accepted; "
            f"{self.genuine} genuine ones taken; {len(self.disputed)} disputes with the SDK; {self.seconds:.1f} s"
        )


def signature(body: bytes, at: object, secret: str) -> str:
    return hmac.digest(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hex()


def signed(body: bytes, at: object, secret: str = LIVE_SECRET) -> Webhook:
    return Webhook(body, f"t={at},v1={signature(body, at, secret)}")


def event(chance: Chance) -> bytes:
    """Returns an event that moves money, of random size."""
    return json.dumps(
        {
            "id": f"evt_{chance.getrandbits(48):x}",
            "object": "event",
            "type": "invoice.paid",
            "account": f"acct_{chance.randrange(9)}",
            "livemode": True,
            "created": 1_800_000_000 + chance.randrange(10**6),
            "data": {"object": {"id": "in_1", "object": "invoice", "amount_paid": chance.randrange(10**6)}},
            "padding": "x" * chance.choice((0, 0, 200, 2000)),
        }
    ).encode()


# Families of forgeries: each turns a genuine webhook of the time `at` into a forgery.

Forge = Callable[[Chance, bytes, int], Webhook]


def _scrambled(chance: Chance, text: bytes, letters: bytes) -> bytes:
    """Returns the text with some bytes exchanged, removed or inserted."""
    changed = bytearray(text)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        where = chance.randrange(len(changed)) if changed else 0
        match chance.randrange(4):
            case 0 if changed:
                changed[where] = chance.choice(letters)
            case 1 if changed:
                del changed[where : where + chance.choice((1, 1, 4))]
            case 2:
                changed[where:where] = bytes(chance.choices(letters, k=chance.choice((1, 2, 8))))
            case _ if changed:
                changed[where] ^= 1 << chance.randrange(7)
    return bytes(changed)


def _body(chance: Chance, body: bytes, at: int) -> Webhook:
    return Webhook(_scrambled(chance, body, bytes(range(256))), signed(body, at).header)


def _meaning(chance: Chance, body: bytes, at: int) -> Webhook:
    """Changes the meaning of the body: another account, mode or amount, a field more or less."""
    other = json.loads(body)
    match chance.randrange(6):
        case 0:
            other["account"] = "acct_of_somebody_else"
        case 1:
            other["livemode"] = not other["livemode"]
        case 2:
            other["data"]["object"]["amount_paid"] = chance.randrange(10**6, 10**7)
        case 3:
            other["id"] += "x"
        case 4:
            return Webhook(body + chance.choice((b" ", b"\n", b"\x00", b"{}", body)), signed(body, at).header)
        case _:
            return Webhook(chance.choice((b"", body[1:], body[:-1], body[::-1])), signed(body, at).header)
    return Webhook(json.dumps(other).encode(), signed(body, at).header)


def _header(chance: Chance, body: bytes, at: int) -> Webhook:
    header = _scrambled(chance, signed(body, at).header.encode(), b"0123456789abcdefABCDEF=,tv ;:\t\x00\xc3\xa9")
    return Webhook(body, header.decode("latin-1"))


def _signature(chance: Chance, body: bytes, at: int) -> Webhook:
    good = signature(body, at, LIVE_SECRET)
    wrong = chance.choice(
        (
            good[:-1],
            good + "0",
            good[::-1],
            good[1:] + good[0],
            good[: chance.randrange(64)],
            "0" * 64,
            "",
            f"{chance.getrandbits(256):064x}",
            base64.b64encode(bytes.fromhex(good)).decode(),
            signature(body, at + 1, LIVE_SECRET),
            hmac.digest(LIVE_SECRET.encode(), body, hashlib.sha256).hex(),
            hashlib.sha256(f"{at}.".encode() + body).hexdigest(),
            hmac.digest(LIVE_SECRET.encode(), f"{at}.".encode() + body, hashlib.sha1).hex(),
        )
    )
    return Webhook(body, f"t={at},v1={wrong}")


def _scheme(chance: Chance, body: bytes, at: int) -> Webhook:
    good = signature(body, at, LIVE_SECRET)
    name = chance.choice(("v0", "v2", "V1", "v1 ", " v1", "v11", "v", "", "v1\x00", "s"))
    return Webhook(body, f"t={at},{name}={good}")


def _secret(chance: Chance, body: bytes, at: int) -> Webhook:
    """Signs correctly with another secret: of another endpoint, mode or company."""
    secret = chance.choice(
        (
            TEST_SECRET,
            "",
            "whsec_",
            LIVE_SECRET[:-1],
            LIVE_SECRET + "\n",
            LIVE_SECRET.upper(),
            LIVE_SECRET.removeprefix("whsec_"),
            f"{LIVE_SECRET},{ROLLED_SECRET}",
            f"whsec_{chance.getrandbits(64):x}",
        )
    )
    return signed(body, at, secret)


def _old(chance: Chance, body: bytes, at: int) -> Webhook:
    """Repeats a genuine webhook that was captured, after the tolerance."""
    return signed(body, at - TOLERANCE - chance.choice((1, 2, 60, 3600, 86_400, 10**8)))


def _ahead(chance: Chance, body: bytes, at: int) -> Webhook:
    """Dates the webhook so far in the future that it would be valid for a long time."""
    return signed(body, at + TOLERANCE + chance.choice((5, 60, 3600, 86_400, 10**8)))


def _moved(chance: Chance, body: bytes, at: int) -> Webhook:
    """Puts a genuine signature under another time."""
    moved = at + chance.choice((-1, 1)) * chance.randrange(1, TOLERANCE)
    return Webhook(body, f"t={moved},v1={signature(body, at, LIVE_SECRET)}")


def _spelled(chance: Chance, body: bytes, at: int) -> Webhook:
    """Writes the right time in an unusual spelling, and signs that spelling or Stripe's."""
    spelled = chance.choice(
        (f"0{at}", f"+{at}", f" {at}", f"{at} ", f"{at}.0", f"{at:_}", f"{at}e0", f"-{at}", hex(at), "", "now",
         "9" * 400, str(at).translate({ord("0") + n: 0x0660 + n for n in range(10)}))
    )  # fmt: skip
    return Webhook(body, f"t={spelled},v1={signature(body, chance.choice((at, spelled)), LIVE_SECRET)}")


def _twice(chance: Chance, body: bytes, at: int) -> Webhook:
    """States two times, because the sender must not be able to choose which one counts."""
    good, old = signed(body, at).header, signed(body, at - 86_400).header
    first, second = chance.sample((good, old), 2)
    return Webhook(body, f"{first},{second}")


def _another_event(chance: Chance, body: bytes, at: int) -> Webhook:
    """Uses the signature of another genuine event."""
    return Webhook(body, signed(event(chance), at).header)


FAMILIES: dict[str, Forge] = {
    "body": _body,
    "meaning": _meaning,
    "header": _header,
    "signature": _signature,
    "scheme": _scheme,
    "secret": _secret,
    "old": _old,
    "ahead": _ahead,
    "moved": _moved,
    "spelled": _spelled,
    "twice": _twice,
    "another event": _another_event,
}


def _genuine(chance: Chance, body: bytes, at: int) -> Webhook:
    """Returns genuine headers as Stripe sends them: with older schemes, with two secrets during a change, in any
    order, a little late.
    """
    at -= chance.randrange(TOLERANCE - 30)
    items = [f"t={at}", f"v1={signature(body, at, LIVE_SECRET)}"]
    items += chance.sample([f"v0={'0' * 64}", f"v1={signature(body, at, 'whsec_older')}", "v1=", "x=y"], k=2)
    chance.shuffle(items)
    return Webhook(body, ",".join(items))


def ours(request: Webhook, now: int) -> bool:
    """Returns True if POM's verifier accepts the webhook."""
    try:
        verify(request.body, request.header, OURS, now=now)
    except InvalidSignature:
        return False
    return True


def the_sdks(request: Webhook) -> bool:
    """Returns True if the SDK's verifier accepts the webhook."""
    try:
        text = request.body.decode()
        return bool(stripe.WebhookSignature.verify_header(text, request.header, LIVE_SECRET, TOLERANCE))
    except (stripe.SignatureVerificationError, ValueError, TypeError):  # the last: signatures that are not ASCII
        return False


def try_forgeries(count: int, seed: int = 0) -> Figures:
    """Tries `count` forgeries, and some genuine requests in between."""
    began = time.monotonic()
    figures = Figures()
    tokens = count // TOKENS_IN
    forged_webhooks(count - tokens, Chance(seed), figures)
    forged_tokens(tokens, Chance(seed), figures)
    figures.seconds = time.monotonic() - began
    return figures


def prove(budget: Budget) -> Result:
    """Tries a hundred thousand forgeries in the full slice, at any time budget. They take about ten seconds."""
    result = Result("forgeries", "forged webhooks and access tokens", seed=budget.seed)
    figures = try_forgeries(budget.of(6_000, 30_000, 100_000), budget.seed)
    result.count, result.seconds = figures.total, figures.seconds
    result.figures = {**figures.tried, "accepted": len(figures.accepted), "genuine taken": figures.genuine}
    result.failures += [f"{name} was accepted: {family}" for name, family in figures.accepted[:5]]
    result.failures += [f"{name}: the SDK and ours differ about {family}" for name, family in figures.disputed[:5]]
    return result


def forged_webhooks(count: int, chance: Chance, figures: Figures) -> None:
    """Yields webhooks that Stripe did not sign for this endpoint at about this time."""
    families = list(FAMILIES.items())
    wanted = figures.total + count
    body, now = b"", 0
    while figures.total < wanted:
        if figures.total % 50 == 0:
            body, now = event(chance), int(time.time())
            genuine = _genuine(chance, body, now)
            if not (ours(genuine, now) and the_sdks(genuine)):
                figures.disputed.append(("genuine", genuine))
            figures.genuine += 1
        name, forge = chance.choice(families)
        request = forge(chance, body, now)
        if is_genuine(request, body, now):
            figures.same += 1
            if ours(request, now) is not the_sdks(request):
                figures.disputed.append((name, request))
            continue
        figures.tried[name] += 1
        if ours(request, now):
            figures.accepted.append((name, request))
        elif name not in STRICTER and the_sdks(request):
            figures.disputed.append((name, request))


def is_genuine(request: Webhook, body: bytes, at: int) -> bool:
    """Returns True if a mutation left the body, the time and the signature unchanged, and only added or removed
    another item.
    """
    items = request.header.split(",")
    times = [item for item in items if item.split("=")[0] == "t"]
    return request.body == body and times == [f"t={at}"] and f"v1={signature(body, at, LIVE_SECRET)}" in items


def forged_tokens(count: int, chance: Chance, figures: Figures) -> None:
    """Tries access tokens with alterations. An accepted token must contain exactly what was issued."""
    issuer = Issuer()
    verifier = TokenVerifier(CONFIG, KeySet(CONFIG.jwks_url, fetch=lambda _: jwks(public_jwk())))
    wanted = figures.total + count
    token, issued = "", verifier.verify(issuer.sign())
    while figures.total < wanted:
        if figures.total % 200 == 0 or not token:
            token = issuer.sign(sub=f"user_{chance.randrange(10**6)}", roles=["member"])
            issued = verifier.verify(token)
            figures.genuine += 1
        forged = _forged_token(chance, token)
        if _parts(forged) == _parts(token):
            figures.same += 1
            continue
        figures.tried["token"] += 1
        with suppress(Unauthorized):
            figures.accepted.append(("token", (forged, verifier.verify(forged), issued)))


_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.+/ \n\xc3"


def _forged_token(chance: Chance, token: str) -> str:
    head, claims, mac = token.split(".")
    match chance.randrange(5):
        case 0:
            return _scrambled(chance, token.encode(), _ALPHABET).decode("latin-1")
        case 1:
            more = {**json.loads(_unpacked(claims)), **chance.choice(_GREED)}
            return ".".join((head, _packed(more), mac))
        case 2:
            more = {**json.loads(_unpacked(head)), **chance.choice(_TRICKS)}
            return ".".join((_packed(more), claims, chance.choice((mac, ""))))
        case 3:
            return ".".join((head, claims, _scrambled(chance, mac.encode(), _ALPHABET).decode("latin-1")))
        case _:
            parts = chance.choice(
                ([claims, head, mac], [head, claims], [head, claims, mac, mac], [head, mac, claims])
            )
            return ".".join(parts)


_GREED = ({"roles": ["admin"]}, {"organization_id": "org_green"}, {"sub": "user_admin"}, {"exp": 4_000_000_000})
_TRICKS = (
    {"alg": "none"}, {"alg": "HS256"}, {"alg": "RS512"}, {"alg": ["RS256"]}, {"alg": None}, {"kid": "key-2"},
    {"kid": ""}, {"kid": 1}, {"jku": "https://evil.test"}, {"x5u": "https://evil.test"}, {"jwk": {}}, {"b64": False},
    {"crit": ["b64"]},
)  # fmt: skip


def _packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part.encode("latin-1") + b"=" * (-len(part) % 4))


def _parts(token: str) -> tuple[str, str, bytes] | None:
    """Returns the signed part and the decoded signature, because base64 can write the same bytes in several ways."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        return parts[0], parts[1], _unpacked(parts[2])
    except ValueError:
        return None
