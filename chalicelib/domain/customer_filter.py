"""The filter of customer lists, and the comparison of a name with the beginning that a user typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from unicodedata import normalize

from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_fields import same_address
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.texts import INVISIBLE, in_one_line

_ACCENTS = re.compile("[\u0300-\u036f]")
"""Unicode's block `Combining Diacritical Marks`: the accents of Latin, Greek and Cyrillic letters. Marks of other
scripts stay, because there they are vowels or consonants of their own."""

_INVISIBLE = re.compile(f"[{INVISIBLE}]")

_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u00b4`", "'"))
"""Phones type a curved apostrophe in O'Brien, and keyboards a straight one."""


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """The customers to list: all, or those that match every field that is set."""

    sync_status: SyncStatus | None = None
    """The status as users see it, which is the status on the connected account."""
    account_id: StripeAccountId | None = None
    """The connected account, or the last one. It decides which status users see (`Customer.on_account`)."""
    email: str | None = None
    """The whole address, without regard to case."""
    name: str | None = None
    """The beginning of the displayed name, as a user typed it."""

    def fits(self, customer: Customer) -> bool:
        """Returns True if the list contains this customer. Erased customers are in no list."""
        return (
            not customer.erased
            and self.sync_status in (None, customer.on_account(self.account_id).sync_status)
            and (self.email is None or same_address(self.email, customer.profile.email))
            and (self.name is None or self._begins(customer.profile.display_name))
        )

    def _begins(self, shown_name: str | None) -> bool:
        beginning = comparable_name(self.name or "")
        # A lone accent leaves an empty text, with which every name would begin.
        return bool(beginning) and comparable_name(shown_name or "").startswith(beginning)


def comparable_name(text: str) -> str:
    """Returns a text in the form for comparing names: `acme` for Acme, ACME and ACMÉ.

    Case, accents, the width of letters, invisible characters and the number of blanks make no difference. A letter
    such as ø or ł, which Unicode does not decompose, stays as it is. The form is that of Unicode's caseless matching
    (https://www.unicode.org/versions/latest/core-spec/chapter-3/#G53513), without accents. Unicode never changes this
    form for an assigned character, so stored keys stay valid.
    """
    plain = normalize("NFKD", text.translate(_APOSTROPHES))
    bare = _ACCENTS.sub("", normalize("NFKD", plain.casefold()))
    words = (_INVISIBLE.sub("", word) for word in in_one_line(bare).split())
    return " ".join(word for word in words if word)
