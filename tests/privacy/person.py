"""The person who is erased: one recognizable word for each thing that somebody can know of them.

Each word is nonsense, so it is found wherever it comes to, in any mix of small and capital letters.
"""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Iterator

WORDS = (
    # What the office types
    "firstname", "lastname", "companyname", "mailbox", "maildomain", "phone", "street", "second", "city", "state",
    "zip", "country", "memo", "footer", "line", "deduction", "reference", "query", "wrong",
    # What people write, and payers type, in Stripe
    "stripename", "stripemail", "stripephone", "stripestreet", "stripesecond", "stripecity", "stripestate",
    "stripezip", "description", "metadata", "shipping", "fieldname", "fieldvalue", "receiptmail", "descriptor",
    "brand", "bank", "billing", "failure", "evidence", "booking", "receipt", "page", "dashboard", "note", "refund",
    "error",
)  # fmt: skip


_NONSENSE = {name: f"Zq{codecs.encode(name, 'rot13').capitalize()}Qz" for name in WORDS}
"""The names themselves stand in documents of POM's, so a part of one in base64 would prove nothing."""


def word(name: str) -> str:
    """Returns the word for one kind of data, as it is written."""
    return _NONSENSE[name]


LAST4 = "q7Zx"
"""The end of the person's account number. Ends of IBANs may contain letters."""
EXPIRES = (2087, 11)
"""The year and the month in which the person's card expires."""
PHONE = f"+1 5 {word('phone')}"

_WHOLE = {"LAST4": f'"{LAST4}"', "EXPIRES": '"{}-{:02}"'.format(*EXPIRES)}
"""Texts that are so short that they also occur inside ids. They are searched with their quotation marks."""


def address(domain: str, mailbox: str = "") -> str:
    """Returns an e-mail address of the person, in odd capitals. `mailbox` tells one from another."""
    return f"{mailbox}.{word('mailbox').swapcase()}@{word(domain)}.test".lstrip(".")


def _in_base64(text: str) -> Iterator[str]:
    """Yields what base64 makes of a text, wherever in a longer text it begins, without the letters at its edges."""
    for before in range(3):
        encoded = base64.b64encode(b"." * before + text.encode()).decode().rstrip("=")
        yield encoded[4 if before else 0 : -2]


def _spellings() -> Iterator[tuple[str, str]]:
    """Yields the name and a spelling of each word in base64, which tells small letters from capitals."""
    for name in WORDS:
        written = word(name)
        for text in {written, written.lower(), written.upper(), written.swapcase(), written.casefold()}:
            for encoded in _in_base64(text):
                yield name, encoded
                yield name, encoded.replace("+", "-").replace("/", "_")


_ENCODED = {encoded: name for name, encoded in _spellings()}
_NAMES = {written.lower(): name for name, written in _NONSENSE.items()}
_PLAIN = re.compile("|".join(_NAMES), re.IGNORECASE)
_IN_BASE64 = re.compile("|".join(map(re.escape, _ENCODED)))


def found_in(text: str) -> set[str]:
    """Returns the names of the words that are in a text, as they are or in base64."""
    plain = {_NAMES[match.group().lower()] for match in _PLAIN.finditer(text)}
    encoded = {_ENCODED[match.group()] for match in _IN_BASE64.finditer(text)}
    unquoted = text.replace("\\", "")
    return plain | encoded | {name for name, whole in _WHOLE.items() if whole in unquoted}
