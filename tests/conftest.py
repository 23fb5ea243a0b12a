"""Settings of all tests: how the tests are distributed over processes, and one shared reader of AWS's
descriptions.
"""

from __future__ import annotations

import functools
from typing import Any

import botocore.loaders
import botocore.session
import pytest
from xdist.scheduler import LoadScopeScheduling

ONE_STACK_EACH = ("tests/e2e", "tests/ops")
"""Directories whose tests share a local stack of five processes: all tests of one run in one process."""

TARGETS = ("browser", "client", "demo", "package", "proof", "real")
"""Markers of tests with a separate `make` target; `make test` runs all other tests."""
PROOFS = "tests/proofs/"

# Each new session would read the descriptions of AWS's services again, which takes 5 to 30 ms for each client. All
# sessions share one reader, because the descriptions do not change while tests run.
botocore.session.create_loader = functools.cache(botocore.loaders.create_loader)


class ByStackOrModule(LoadScopeScheduling):  # type: ignore[misc]
    """Runs the tests of a module in one process, and the tests of a shared local stack in one process."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        directory = module.rpartition("/")[0]
        return directory if directory in ONE_STACK_EACH else module


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuses tests that no target or two targets would run.

    Raises:
        pytest.UsageError: a test has two markers of targets, or a proof is outside the directory of proofs.
    """
    for item in items:
        targets = sorted(name for name in TARGETS if item.get_closest_marker(name))
        if len(targets) > 1:
            raise pytest.UsageError(f"{item.nodeid} is marked {' and '.join(targets)}: two targets would run it")
        if ("proof" in targets) is not item.nodeid.startswith(PROOFS):
            raise pytest.UsageError(f"{item.nodeid}: tests marked proof are in {PROOFS}, and no others are there")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByStackOrModule:
    return ByStackOrModule(config, log)
