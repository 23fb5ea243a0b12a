"""Proves, without any key, that a run reports each difference: it runs against doubles that were changed on purpose.

Run `python -m infra.sandbox.proving --page` to write the table of the changes into docs/sandbox.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.domain.identifiers import StripeAccountId
from infra.ops.screen import Screen
from infra.package import ROOT
from infra.sandbox.changes.change import Change, ChangedDouble, ExpectedFinding
from infra.sandbox.changes.registry import CHANGES
from infra.sandbox.client import Budget, Recorder
from infra.sandbox.findings import Finding, Part, Verdict
from infra.sandbox.promises.registry import PROMISES
from infra.sandbox.redaction import Redaction
from infra.sandbox.running import Plan, run
from infra.sandbox.session import Session
from infra.sandbox.stories.registry import STORIES
from infra.sandbox.targets import DoubleTarget
from infra.stripe_double import API_VERSION, Clock, Config, InProcessClient, StripeDouble

SEED = 7
"""The seed of the double in Stripe's role. The double for the comparison has another seed, so that no ids are
equal.
"""
START_TIME = 1_790_000_000.0
SEEDS = (1, 2, 3)
VERSIONS = ("2018-02-28", "2020-08-27", "2022-08-01", "2024-04-10", API_VERSION)
"""API versions of accounts. The unchanged double must show no difference on any of them."""
PAGE = ROOT / "docs" / "sandbox.md"
BEGIN, END = "<!-- changes: begin -->", "<!-- changes: end -->"
WHOLE_PLAN = Plan([each for each in STORIES if not each.later], PROMISES)
UNCHANGED = Change(
    "none", "The double as it is.", ExpectedFinding(Part.PROMISES, "test mode", Verdict.AS_ASSUMED, "")
)


@dataclass(frozen=True)
class Proof:
    """The result of a run against one changed double."""

    change: Change
    finding: Finding | None
    """The finding that reports the change with the expected verdict; None if there is none."""

    @property
    def row(self) -> Mapping[str, str]:
        """Returns the proof as a row of the table."""
        names = self.change.expected
        return {
            "change": self.change.name,
            "what": self.change.sentence,
            "named": f"{names.part}: {names.name}",
            "verdict": str(names.verdict),
            "ok": "yes" if self.finding else "NO",
        }


def new_session(double: StripeDouble, change: Change = UNCHANGED) -> Session:
    """Returns a session on a new account of a double that the change modifies."""
    config = double.config
    account = double.create_account(business_name="Blue Lagoon Pools")["id"]
    target = DoubleTarget(double, lambda double: InProcessClient(ChangedDouble(double, change)))
    change.prepare(double, account)
    return Session(
        target,
        config.platform_key_test,
        config.client_id_test,
        StripeAccountId(account),
        f"{config.seed:08x}",
        Budget(allowed=1000),
        Recorder(Redaction((config.platform_key_test,))),
        authorize=lambda url: double.authorization_code(account),
    )


def new_double(seed: int = SEED, **settings: Any) -> StripeDouble:
    """Returns a double with a frozen clock."""
    return StripeDouble(Config(seed=seed, **settings), clock=Clock.frozen(START_TIME))


def findings(change: Change = UNCHANGED, plan: Plan = WHOLE_PLAN, **settings: Any) -> Sequence[Finding]:
    """Returns the findings of a run against a double with this change."""
    return run(new_session(new_double(**{**change.settings, **settings}), change), plan).findings


def prove_one(change: Change, plan: Plan | None = None) -> Proof:
    """Runs against one changed double. Without a plan, only the story or promise that must report the change runs."""
    return Proof(change, change.matching_finding(findings(change, plan or plan_for(change))))


def plan_for(change: Change) -> Plan:
    """Returns a plan with the story or the promise that must report the change."""
    names = {change.expected.name, *change.after}
    return Plan([each for each in STORIES if each.name in names], [each for each in PROMISES if each.name in names])


def differing_findings(found: Iterable[Finding]) -> list[Finding]:
    """Returns the harmful and harmless findings. An unchanged double must have none."""
    return [each for each in found if each.verdict in (Verdict.HARMFUL, Verdict.HARMLESS)]


def unchanged_doubles() -> Iterator[tuple[str, Callable[[], Sequence[Finding]]]]:
    """Yields a name and a run for each unchanged double: one for each seed, and one for each version of an
    account.
    """
    for seed in SEEDS:
        yield f"seed {seed}", lambda seed=seed: findings(seed=seed)  # type: ignore[misc]
    for version in VERSIONS:
        yield f"an account of {version}", lambda version=version: findings(account_version=version)  # type: ignore[misc]


def prove(screen: Screen) -> bool:
    """Runs against all changed and unchanged doubles, and shows the results. Returns True if each is as expected."""
    planned_names = {name for _, name, _ in WHOLE_PLAN.names()}
    in_a_whole_run = [each for each in CHANGES if each.expected.name in planned_names]
    fully_run = in_a_whole_run[:: max(1, len(in_a_whole_run) // 4)]
    proofs = []
    for number, change in enumerate(CHANGES, 1):
        screen.step(f"change {number} of {len(CHANGES)}: {change.name}")
        proofs.append(prove_one(change, WHOLE_PLAN if change in fully_run else None))
    rows = [proof.row for proof in proofs]
    screen.table("changes", "Changed on purpose", rows, style=lambda row: "" if row["ok"] == "yes" else "red")
    unchanged_rows = []
    for name, find in unchanged_doubles():
        screen.step(f"unchanged: {name}")
        differing = differing_findings(find())
        differences = "; ".join(f"{each.part} {each.name}: {each.found}" for each in differing)
        unchanged_rows.append(
            {"double": name, "differs": differences or "nothing", "ok": "NO" if differing else "yes"}
        )
    screen.table("unchanged", "Not changed", unchanged_rows, style=lambda row: "" if row["ok"] == "yes" else "red")
    return all(row["ok"] == "yes" for row in (*rows, *unchanged_rows))


def table() -> str:
    """Returns the changes as a table for the page."""
    lines = ["| change | what Stripe does | named by | verdict |", "|---|---|---|---|"]
    for each in CHANGES:
        names = each.expected
        lines.append(f"| {each.name} | {each.sentence} | {names.part}: *{names.name}* | {names.verdict} |")
    return "\n".join(lines)


def with_table(page: str) -> str:
    """Returns the page with a new table between the marker lines. Raises ValueError if the page has none."""
    before, begin, following = page.partition(BEGIN)
    _, end, after = following.partition(END)
    if not begin or not end:
        raise ValueError(f"The page has no lines {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main(arguments: Sequence[str] | None = None, page: Path = PAGE) -> None:
    """Writes the table into the page."""
    parser = argparse.ArgumentParser(description="The changes of the double that a run has to name.")
    parser.add_argument("--page", action="store_true", required=True, help="write the table into docs/sandbox.md")
    parser.parse_args(arguments)
    page.write_text(with_table(page.read_text()))


if __name__ == "__main__":
    main()
