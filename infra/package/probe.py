"""Runs inside the unpacked zip, in a new interpreter with only the zip and the standard library.

    probe.py ROOT handler MODULE.NAME SETTINGS      import a handler, read its settings from the environment, and
                                                    call it with each event of the JSON list on standard input
    probe.py ROOT everything                        import every module, make every client

The last output line is JSON: `foreign` lists the files that were loaded from elsewhere, and `outcomes` the return
value or error of each call.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import sysconfig
from pathlib import Path
from typing import Any


class _Context:
    """The part of Lambda's context that the functions read."""

    function_name = "probe"
    function_version = "$LATEST"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:probe"
    memory_limit_in_mb = "512"
    aws_request_id = "r-1"
    log_group_name = "/aws/lambda/probe"
    log_stream_name = "probe"

    def get_remaining_time_in_millis(self) -> int:
        return 10_000


def _handler(path: str, settings: str) -> list[str]:
    module, _, name = path.rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    if not callable(handler):
        raise TypeError(f"{path} cannot be called")
    getattr(importlib.import_module("chalicelib.config"), settings)()
    return [_outcome(handler, event) for event in json.load(sys.stdin)]


def _outcome(handler: Any, event: Any) -> str:
    try:
        return f"answered {handler(event, _Context())}"
    except Exception as raised:  # noqa: BLE001 -- any exception is an outcome
        causes: list[BaseException] = [raised]
        while (cause := causes[-1].__cause__) is not None:
            causes.append(cause)
        return "raised " + "\n  from ".join(f"{type(each).__name__}: {each}" for each in causes)


def _everything() -> None:
    chalicelib: Any = importlib.import_module("chalicelib")
    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        importlib.import_module(module.name)
    _make_clients()


def _make_clients() -> None:
    """Uses all code that loads data files or machine code on first use instead of on import."""
    from botocore.session import get_session
    from jwt.algorithms import RSAAlgorithm

    from chalicelib.adapters import tables
    from chalicelib.adapters.stripe.client import build_client

    for service in ("dynamodb", "secretsmanager", "sqs"):
        get_session().create_client(service)
    tables.configure("probe-")
    tables.TABLES[0]._get_connection().connection.client  # noqa: B018 -- pynamodb makes its client here
    build_client("sk_test_probe", "ca_probe", api_base="https://a.example.com", connect_base="https://b.example.com")
    RSAAlgorithm(RSAAlgorithm.SHA256)
    _zones()


def _zones() -> None:
    """Loads a time zone from the zip, because Lambda has no time zones of its own."""
    import zoneinfo

    zoneinfo.reset_tzpath(())
    zoneinfo.ZoneInfo("America/Phoenix")


def _foreign(root: str) -> list[str]:
    ours = (root, sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), str(Path(__file__).resolve()))
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return sorted(file for file in files if file and not str(Path(file).resolve()).startswith(ours))


def main(root: str, command: str, *arguments: str) -> None:
    """Runs the command, and prints the result."""
    sys.path.insert(0, root)
    outcomes: list[str] = []
    if command == "handler":
        outcomes = _handler(*arguments)
    else:
        _everything()
    print(json.dumps({"foreign": _foreign(root), "outcomes": outcomes}))


if __name__ == "__main__":
    main(*sys.argv[1:])
