"""The keys of a run: from the environment, or from a file that only its owner can read. Live keys are refused."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

VARIABLES = {
    "key": "STRIPE_TEST_KEY",
    "client_id": "STRIPE_TEST_CLIENT_ID",
    "account": "STRIPE_TEST_ACCOUNT",
    "restricted_key": "STRIPE_TEST_RESTRICTED_KEY",
}
"""The environment variable of each field of `Keys`. The field names are also the names in a file of keys."""

WHERE_TO_FIND = "docs/sandbox.md says where to find it."
_PLAIN = re.compile(r"[A-Za-z0-9_]+")


class WrongKeys(Exception):
    """Raised when a run cannot begin with these keys. The message says what to do, and contains no part of a key."""


@dataclass(frozen=True, repr=False)
class Keys:
    """The platform's keys in test mode. Only `key` is needed."""

    key: str
    """The platform's secret or restricted key: `sk_test_…` or `rk_test_…`."""
    client_id: str = ""
    """The client id of the platform's application in test mode, `ca_…`. Without it no account can be connected."""
    account: str = ""
    """The id of the connected account, `acct_…`."""
    restricted_key: str = ""
    """A second key, `rk_test_…`, that checks the permissions of docs/deploying.md."""

    def __post_init__(self) -> None:
        """Raises WrongKeys for a live key, and for a value that is no key or no id."""
        _test_key("key", self.key, ("sk", "rk"))
        if self.restricted_key:
            _test_key("restricted_key", self.restricted_key, ("rk",))
        _id("client_id", self.client_id, "ca_")
        _id("account", self.account, "acct_")

    def __repr__(self) -> str:
        return "Keys(…)"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Returns the secrets, which no output may contain."""
        return tuple(filter(None, (self.key, self.restricted_key)))


def keys_of_environment(environ: Mapping[str, str]) -> Keys:
    """Returns the keys in the environment. Raises WrongKeys."""
    return Keys(**{field: environ.get(variable, "").strip() for field, variable in VARIABLES.items()})


def keys_of_file(path: Path, repository: Path) -> Keys:
    """Returns the keys in a TOML file with the field names of `Keys`.

    Raises WrongKeys, also for a file inside the repository, because it could be committed, and for a file that other
    users may read.
    """
    if re.search("_(test|live|org)_", path.name):
        raise WrongKeys(f"--keys takes a file, not a key. Roll the key if others could have read it. {WHERE_TO_FIND}")
    try:
        resolved, mode = path.resolve(strict=True), path.stat().st_mode
    except OSError as error:
        raise WrongKeys(f"{path} cannot be read: {error.strerror}.") from None
    if resolved.is_relative_to(repository.resolve()):
        raise WrongKeys(f"{path} is inside the repository. Move it elsewhere, so that nobody can commit it.")
    if mode & 0o077:
        raise WrongKeys(f"Others may read {path}. Make it yours alone: chmod 600 {path}")
    try:
        values = tomllib.loads(resolved.read_text())
    except (OSError, ValueError):
        raise WrongKeys(f'{path} is not valid TOML. A line looks like this: key = "…"') from None
    names = {field.name for field in fields(Keys)}
    if unknown := sorted(set(values) - names):
        raise WrongKeys(f"{path} has unknown names: {len(unknown)}. The known names are {', '.join(sorted(names))}.")
    if not all(isinstance(value, str) for value in values.values()):
        raise WrongKeys(f"In {path} all values are texts in quotation marks.")
    return Keys(**{"key": "", **{name: value.strip() for name, value in values.items()}})


def _test_key(field: str, value: str, kinds: tuple[str, ...]) -> None:
    where = f"{VARIABLES[field]} (in a file: {field})"
    expected_forms = " or ".join(f"{kind}_test_…" for kind in kinds)
    if not value:
        raise WrongKeys(
            f"{where} is empty. It is the platform's key in test mode, {expected_forms}. {WHERE_TO_FIND}"
            ' Without any key: make sandbox ARGS="--double"'
        )
    if "_live_" in value:
        raise WrongKeys(
            f"{where} is a live key: a run with it would bill and pay. No request was made. Use the platform's key in"
            f" test mode, {expected_forms}. If a live key was stored for this run, roll it in the Dashboard."
            f" {WHERE_TO_FIND}"
        )
    if value.startswith("pk_"):
        raise WrongKeys(
            f"{where} is a publishable key, which may not make these requests. It must be {expected_forms}."
            f" {WHERE_TO_FIND}"
        )
    if not value.startswith(tuple(f"{kind}_test_" for kind in kinds)) or not _PLAIN.fullmatch(value):
        raise WrongKeys(f"{where} is not a key of test mode. It must be {expected_forms}. {WHERE_TO_FIND}")


def _id(field: str, value: str, prefix: str) -> None:
    where = f"{VARIABLES[field]} (in a file: {field})"
    if re.match(r"(sk|rk|pk|whsec)_", value):
        raise WrongKeys(f"{where} is a key. It must be an id that begins with {prefix}. {WHERE_TO_FIND}")
    if value and not (value.startswith(prefix) and _PLAIN.fullmatch(value)):
        raise WrongKeys(f"{where} must begin with {prefix}. {WHERE_TO_FIND}")
