"""Each kind of removal removes its target, and refuses a target that is missing or that occurs twice."""

from __future__ import annotations

import ast
import textwrap
from dataclasses import dataclass

import pytest

from tests.mutations.places import PatchError
from tests.mutations.removals import Always, AnyValue, Becomes, Check, Instead, Never, Removal, Skipped, Without


@dataclass(frozen=True, slots=True)
class Case:
    """A function's body that contains the target once, the same body after the removal, and a body that contains the
    target twice.
    """

    removal: Removal
    before: str
    after: str
    twice: str


CASES = {
    "an operand of or": Case(
        Check("mode =="),
        "if event is None or event.mode != mode:\n    raise Wrong",
        "if event is None:\n    raise Wrong",
        "if event is None or event.mode != mode or mode == 1:\n    raise Wrong",
    ),
    "an operand of a denied and": Case(
        Check("isdigit"),
        "if not (text.isascii() and text.isdigit()):\n    raise Wrong",
        "if not text.isascii():\n    raise Wrong",
        "if not (text.isdigit() and text.isdigit()):\n    raise Wrong",
    ),
    "a filter": Case(
        Check("known"),
        "return [each for each in page if each not in known]",
        "return [each for each in page]",
        "return [each for each in page if each not in known if known]",
    ),
    "a refusal, named by its condition": Case(
        Check("limit"),
        "if size > limit:\n    raise TooLarge('so large')",
        "if False:\n    raise TooLarge('so large')",
        "if size > limit:\n    raise TooLarge\nif size == limit:\n    raise TooLarge",
    ),
    "a refusal in the other branch, named by its outcome": Case(
        Check("WRONG"),
        "if event.mode == mode:\n    apply()\nelse:\n    return Outcome.WRONG",
        "if True:\n    apply()\nelse:\n    return Outcome.WRONG",
        "if event.a:\n    return Outcome.WRONG\nif event.b:\n    return Outcome.WRONG",
    ),
    "a refusal whose shorter condition would refuse more": Case(
        Check("live"),
        "if holder is not None and holder.live:\n    raise Billed",
        "if False:\n    raise Billed",
        "if a and holder.live:\n    raise Billed\nif b and holder.live:\n    raise Billed",
    ),
    "a branch of a ternary": Case(
        Check("ALTERED"),
        "return PASSED if kept == sent else ALTERED",
        "return PASSED",
        "return (ALTERED if kept else PASSED, ALTERED if sent else PASSED)",
    ),
    "a refusal with another message": Case(
        Check("complete", says="False"),
        "if found is None or not found.complete:\n    return True",
        "if found is None or not found.complete:\n    return False",
        "if found.complete:\n    return True\nif not found.complete:\n    return False",
    ),
    "a condition that always holds": Case(
        Always("version"),
        "if current.version == known.version:\n    settle()",
        "if True:\n    settle()",
        "if current.version:\n    settle()\nif known.version:\n    settle()",
    ),
    "a condition that always holds, denied": Case(
        Always("problem is"),
        "deaf = usable and check.problem is not None",
        "deaf = usable and False",
        "deaf = check.problem is not None and problem is None",
    ),
    "a condition that never holds": Case(
        Never("created <"),
        "return event.created < since",
        "return False",
        "if event.created < since:\n    pass\nreturn event.created > since",
    ),
    "a condition that never holds, denied": Case(
        Never("precedence <"),
        "return later if not current.precedence > later.precedence else current",
        "return later if True else current",
        "if a.precedence < b.precedence or a.precedence >= c.precedence:\n    pass",
    ),
    "a call": Case(Skipped("wake"), "wake(ports)\ngo()", "pass\ngo()", "wake(ports)\nports.wake()"),
    "an assignment": Case(
        Skipped("exc_info"), "record.exc_info = None", "pass", "record.exc_info = None\nother.exc_info = None"
    ),
    "an argument by its name": Case(
        Without("issuer="),
        "decode(token, issuer=config.issuer)",
        "decode(token)",
        "decode(token, issuer=a)\ndecode(token, issuer=b)",
    ),
    "an argument of a call": Case(
        Without("generation", of="digest"),
        "digest(self.nonce, str(self.generation))",
        "digest(self.nonce)",
        "digest(self.generation)\ndigest(self.generation)",
    ),
    "an element": Case(
        Without("'exp'"),
        "options = {'require': ['exp', 'iss']}",
        "options = {'require': ['iss']}",
        "options = {'require': ['exp', 'iss', 'exp']}",
    ),
    "a pair of a dictionary": Case(
        Without("'alg'"), "return {'alg': 1, 'kid': 2}", "return {'kid': 2}", "return ({'alg': 1}, {'alg': 2})"
    ),
    "an exception": Case(
        Without("RecursionError"),
        "try:\n    go()\nexcept (ValueError, RecursionError):\n    pass",
        "try:\n    go()\nexcept (ValueError,):\n    pass",
        "try:\n    go()\nexcept (ValueError, RecursionError, RecursionError):\n    pass",
    ),
    "another expression for a call": Case(
        Instead("max", "incoming"), "return max(a, b)", "return incoming", "return max(a, b) + max(c, d)"
    ),
    "another expression for an attribute": Case(
        Instead("url", "call.host"), "go(config().url)", "go(call.host)", "go(config.url, config.url)"
    ),
    "another expression for an argument": Case(
        Instead("options=", "{'verify_aud': False, **_}"),
        "decode(options=known)",
        "decode(options={'verify_aud': False, **known})",
        "decode(options=known)\ndecode(options=known)",
    ),
    "any value for the one of an attribute": Case(
        AnyValue("holder", "invoice"),
        "free = Claim.holder.does_not_exist() | (invoice.id == Claim.holder)",
        "free = Claim.holder.does_not_exist() | ((invoice.id == Claim.holder) | Claim.holder.exists())",
        "free = (Claim.holder == invoice.id) | (Claim.holder == invoice.old)",
    ),
    "any value for none": Case(
        AnyValue("holder", "does_not_exist"),
        "free = Claim.holder.does_not_exist() | (Claim.holder == mine)",
        "free = Claim.holder.does_not_exist() | Claim.holder.exists() | (Claim.holder == mine)",
        "free = (Claim.holder.does_not_exist(), Claim.holder.does_not_exist())",
    ),
}


def without(body: str, removal: Removal) -> str:
    tree = ast.parse("def symbol():\n" + textwrap.indent(body, "    "))
    removal.edit(tree.body[0])
    _, _, rest = ast.unparse(ast.fix_missing_locations(tree)).partition("\n")
    return textwrap.dedent(rest)


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_only_the_selected_code_is_removed(case: Case) -> None:
    assert without(case.before, case.removal) == case.after


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_code_that_is_not_found_cannot_be_removed(case: Case) -> None:
    with pytest.raises(PatchError, match="found 0 times: nowhere"):
        without("return nothing(of, it)", case.removal)


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_code_that_is_found_twice_cannot_be_removed(case: Case) -> None:
    with pytest.raises(PatchError, match="found 2 times"):
        without(case.twice, case.removal)


def test_a_function_is_replaced_by_one_return_statement() -> None:
    assert without("hashed = digest(state)\nreturn hashed", Becomes("state")) == "return state"


def test_a_class_cannot_be_replaced() -> None:
    with pytest.raises(PatchError, match="only a constant or a function"):
        Becomes("1").edit(ast.parse("class Known: ...").body[0])


def test_only_a_branch_that_returns_can_return_another_value() -> None:
    with pytest.raises(PatchError, match="only what returns"):
        without("if size > limit:\n    raise TooLarge", Check("limit", says="False"))


def test_the_text_of_a_message_is_not_searched() -> None:
    body = "if a:\n    raise Wrong(f'{total} too much')\nif b.total:\n    raise Wrong('the total')"
    assert without(body, Check("total")) == body.replace("b.total", "False")


def test_the_smallest_matching_operand_is_removed() -> None:
    body = "for each in many:\n    if each.known or each.late:\n        continue"
    assert without(body, Check("late")) == body.replace(" or each.late", "")
    assert without(body, Check("late known")) == body.replace("each.known or each.late", "False")


def test_a_default_value_after_or_is_no_condition() -> None:
    body = "if (resume_at or 0) > now or stopped:\n    return None"
    assert without(body, Check("resume_at")) == "if stopped:\n    return None"
