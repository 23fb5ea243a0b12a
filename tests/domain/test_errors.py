"""The page of errors lists every exception, and every refusal tells an office worker the next step."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.domain import errors
from tests.exceptions import exceptions

ROOT = Path(errors.__file__).parent.parent
FOR_PEOPLE = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type)
    and issubclass(kind, errors.IntegrationError)
    and kind.__init__ is errors.IntegrationError.__init__
}


BRANCH = re.compile(r"    (?P<indent>(?:[│ ]   )*)(?P<arm>[├└]── )?(?P<name>\w+) +\S.*?(?:\((?P<module>[a-z_.]+)\))?")


def tree() -> dict[str, tuple[str, str]]:
    """Returns each exception in the tree at the top of `domain/errors.py`, with its parent and its module."""
    parents: dict[str, tuple[str, str]] = {}
    ancestors: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if (branch := BRANCH.fullmatch(line)) is None:
            continue
        depth = len(branch["indent"]) // 4 + bool(branch["arm"])
        ancestors[depth:] = [branch["name"]]
        parent = ancestors[depth - 1] if depth else ""
        parents[branch["name"]] = parent, f"chalicelib.{branch['module'] or 'domain.errors'}"
    return parents


def test_the_page_of_errors_names_every_exception_its_parent_and_its_module() -> None:
    kinds = {kind.__name__: kind for kind in exceptions()}
    assert len(kinds) == len(exceptions()), "two exceptions have one name"
    parents = {
        name: [base.__name__ for base in kind.__bases__ if base.__name__ in kinds] for name, kind in kinds.items()
    }
    assert tree() == {name: ("".join(parents[name]), kind.__module__) for name, kind in kinds.items()}


def refusals(folder: str) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FOR_PEOPLE:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


@pytest.mark.parametrize("folder", ["domain", "usecases", "adapters/stripe"])
def test_every_refusal_names_a_next_step(folder: str) -> None:
    calls = list(refusals(folder))
    assert [where for where, call in calls if "next_step" not in {word.arg for word in call.keywords}] == []


def test_the_list_of_refusals_is_not_empty() -> None:
    assert {"Refused", "Conflict", "NotFound", "StripeRefused"} <= FOR_PEOPLE
    assert len(list(refusals("domain")) + list(refusals("usecases"))) > 30


def test_the_next_step_of_a_temporary_error_is_to_wait() -> None:
    assert errors.StaleWrite("The invoice").next_step
    assert errors.StripeUnavailable("stripe_busy", "Busy.", answered=False).next_step
    assert errors.StripeUnavailable.retry_after > 0
