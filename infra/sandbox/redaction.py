"""Removes secrets from an exchange before it is stored, and checks each file and each line of output for secrets.

The rule lists what may stay, so that an unforeseen value is removed: numbers, booleans, Stripe's words (lower case),
ids, country codes, versions, and the texts that the run itself has sent. Each other text belongs to the account or to
a payer, and is replaced by `redacted`. The id of an account, a platform or a request is replaced by a made-up id, the
same one in the whole recording. The checks of the double compare no redacted text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from infra.stripe_double.recordings.recording import REDACTED as PLACEHOLDER
from infra.stripe_double.recordings.recording import Exchange

SECRET = re.compile(r"(?:(?:[emprsu]k|rkcs)_(?:test|live|org)|whsec|(?<![a-z])rt)_[A-Za-z0-9_+/=*.]{8,}")
"""A text that looks like a key (whole, or masked by Stripe) or like a signing secret."""
_CLIENT_SECRET = re.compile(r"[a-z]{2,40}(?:_[A-Za-z0-9]+)?_secret_[A-Za-z0-9_]{4,}")
"""A client secret, such as `pi_1_secret_2`, with which a browser can read one object."""
SECRET_NAMES = frozenset(
    {
        "access_token",
        "authorization",
        "client_secret",
        "code_verifier",
        "refresh_token",
        "secret",
        "stripe_publishable_key",
    }
)
"""Fields whose value is secret, whatever its form."""
PERSONAL = re.compile(
    r"(?:.*_)?(?:city|description|descriptor|email|fingerprint|footer|id_number|invoice_prefix|ip|last_?4|line[12]|memo"
    r"|name|number|phone|postal_code|tax_id|timezone|title|trace_id|user_agent|username|value)"
    r"|statement_descriptor_.*|buyer_id|payer_id|cashtag|iban_.*|iin|issuer|seller_message|state"
)
"""Names of fields that people fill in, where a text that looks like a word of Stripe's may be a name."""
ACCOUNT_WORDS = frozenset(
    {
        "available_payout_methods",
        "business_type",
        "country",
        "currency",
        "default_currency",
        "disabled_reason",
        "id",
        "object",
        "reason",
        "status",
        "type",
    }
)
"""Fields of an account whose value is a word of Stripe's, an id, a country code or a currency code."""
ACCOUNT_NUMBERS = frozenset({"amount", "day", "estimated_worker_count", "month", "percent_ownership", "year"})
"""Numbers of an account that describe the business or its owner."""
ACCOUNT_LISTS = frozenset({"capabilities", "future_requirements", "requirements"})
"""Hashes of an account in which each text is a word of Stripe's."""

_WORD = re.compile(r"[a-z][a-z0-9_.]{0,99}")
_ID = re.compile(r"[a-z]{1,20}(?:_test|_live)?_[A-Za-z0-9_]{1,200}")
_HARMLESS_TEXT = re.compile(r"[A-Z]{2}|-?\d{1,15}(?:\.\d{1,15})?|\d{4}-\d{2}-\d{2}(?:\.[a-z]+)?|/v1/[A-Za-z0-9_/]*|")
"""A country code, a number, a version, the path of a list, or an empty text."""
_CODE = re.compile(r"\bac_[A-Za-z0-9_-]+")
_NAMED = re.compile(r"\b(acct|ca|req)_[A-Za-z0-9_]+")
_EMAIL = re.compile(r"[^\s<>()'\",;]+@[^\s<>()'\",;]+")
_QUOTED = re.compile(r"(?<!\w)(['\"`])([^'\"`]{1,300})\1(?!\w)")
_ADDRESS = re.compile(r"https?://[^\s'\"<>]+")
_KNOWN_HOSTS = ("stripe.com", "127.0.0.1", "localhost", "example.com")
"""Hosts of web addresses that say nothing about a company: Stripe's, and this machine."""


class SecretFound(Exception):
    """A text that was about to be written has a key. Nothing was written."""


@dataclass
class Redaction:
    """Removes secrets and personal data from exchanges and texts. It remembers the texts that the run has sent."""

    secrets: Iterable[str] = ()
    """The keys of the run."""
    _sent: set[str] = field(default_factory=set)
    _names: dict[str, str] = field(default_factory=dict)

    def __call__(self, exchange: Exchange) -> Exchange:
        """Returns the exchange without secrets and personal data."""
        form = tuple((name, self._parameter(name, value)) for name, value in exchange.form)
        self._sent.update(value for _, value in form)
        self._sent.update(part for name, _ in form for part in re.findall(r"\[([^\]]+)\]", name))
        return replace(
            exchange,
            path=self._with_names(exchange.path),
            body=self._value(exchange.body, "", account=False),
            form=form,
            account=exchange.account and self._with_names(exchange.account),
            key=exchange.key and self.text(exchange.key),
            headers={name: self.text(value) for name, value in exchange.headers.items()},
        )

    def text(self, text: str) -> str:
        """Returns the text without keys, codes, account ids, unsent e-mail addresses and links that open pages."""
        for secret in self.secrets:
            text = text.replace(secret, PLACEHOLDER)
        text = _CODE.sub(f"ac_{PLACEHOLDER}", _CLIENT_SECRET.sub(PLACEHOLDER, SECRET.sub(PLACEHOLDER, text)))
        text = _ADDRESS.sub(lambda match: self._address(match.group()), text)
        text = _EMAIL.sub(lambda match: match.group() if match.group() in self._sent else PLACEHOLDER, text)
        return self._with_names(text)

    def _message(self, message: str) -> str:
        """Returns the message of an error. Within quotation marks, only words, ids and sent texts stay."""
        return _QUOTED.sub(
            lambda match: f"{match[1]}{self._harmless_or_placeholder(match[2])}{match[1]}", self.text(message)
        )

    def name(self, stripe_id: str) -> str:
        """Returns the made-up id that replaces an account's id in the recording."""
        return self._with_names(stripe_id)

    def _parameter(self, name: str, value: str) -> str:
        last = re.split(r"[\[\]]+", name.strip("]"))[-1]
        if last in SECRET_NAMES or SECRET.search(value) or any(secret in value for secret in self.secrets):
            return PLACEHOLDER
        return self._with_names(_CODE.sub(f"ac_{PLACEHOLDER}", value))

    def _value(self, value: Any, name: str, *, account: bool) -> Any:
        if isinstance(value, Mapping):
            inside = _is_account(value) or (account and "object" not in value)
            if name == "metadata":
                return {
                    each: self._with_names(item)
                    if item in self._sent
                    else PLACEHOLDER
                    if isinstance(item, str)
                    else item
                    for each, item in value.items()
                    if each in self._sent or each.startswith("pom_")
                }
            error = str(value.get("type")).endswith("_error")
            return {
                each: self._message(item)
                if error and each == "message" and isinstance(item, str)
                else self._value(item, each, account=inside and each not in ACCOUNT_LISTS)
                for each, item in value.items()
            }
        if isinstance(value, list):
            return [self._value(each, name, account=account) for each in value]
        if account and name in ACCOUNT_NUMBERS and isinstance(value, int | float):
            return 1
        if not isinstance(value, str):
            return value
        return self._string(value, name, account=account)

    def _string(self, value: str, name: str, *, account: bool) -> str:
        if name in SECRET_NAMES or "_secret_" in value or SECRET.search(value):
            return PLACEHOLDER
        if account and name not in ACCOUNT_WORDS:
            return PLACEHOLDER if value else value
        if value in self._sent:
            return self._with_names(value)
        if PERSONAL.fullmatch(name):
            return PLACEHOLDER if value else value
        return self._harmless_or_placeholder(value)

    def _harmless_or_placeholder(self, value: str) -> str:
        if value in self._sent or _HARMLESS_TEXT.fullmatch(value):
            return self._with_names(value)
        if value.startswith(("http://", "https://")):
            return self._address(value)
        if _CODE.fullmatch(value) or any(secret in value for secret in self.secrets):
            return PLACEHOLDER
        return self._with_names(value) if _WORD.fullmatch(value) or _ID.fullmatch(value) else PLACEHOLDER

    def _address(self, address: str) -> str:
        """Returns a web address of the same form, without the parts of its path that open a page."""
        try:
            parts = urlsplit(address)
            host, netloc = parts.hostname or "", parts.netloc
        except ValueError:
            return PLACEHOLDER
        if host == "docs.stripe.com":
            return address
        if not any(host == each or host.endswith(f".{each}") for each in _KNOWN_HOSTS) or "@" in netloc:
            netloc = f"{PLACEHOLDER}.example"
        path = "/".join(self._segment(each) for each in parts.path.split("/"))
        return f"{parts.scheme}://{netloc}{path}{f'?{PLACEHOLDER}' if parts.query else ''}"

    def _segment(self, segment: str) -> str:
        if re.fullmatch(r"acct_[A-Za-z0-9]+", segment):
            return self._with_names(segment)
        return segment if re.fullmatch(r"[a-z][a-z\-]{0,19}|v1|", segment) else PLACEHOLDER

    def _with_names(self, text: str) -> str:
        return _NAMED.sub(self._name, text)

    def _name(self, match: re.Match[str]) -> str:
        stripe_id, kind = match.group(), match[1]
        if re.fullmatch(rf"{kind}_sandbox\d+", stripe_id):
            return stripe_id
        number = 1 + sum(each.startswith(f"{kind}_") for each in self._names)
        return self._names.setdefault(stripe_id, f"{kind}_sandbox{number}")


def _is_account(value: Mapping[str, Any]) -> bool:
    return value.get("object") in ("account", "person")


def refuse_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """Returns the text. Raises SecretFound if it holds one of these keys, or anything that looks like a key."""
    if SECRET.search(text) or any(secret in text for secret in secrets):
        raise SecretFound(
            "What was to be written holds a key, so it was not written. This is an error of this program."
        )
    return text
