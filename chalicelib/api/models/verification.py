"""Verifying the connection: the test invoice, the refresh, and the check list."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Instant, Link, PageInfo, instant, instant_or_none
from chalicelib.api.models.connection import SyncReportView, sync_report_view
from chalicelib.domain.checklist import Item
from chalicelib.domain.connection import Connection
from chalicelib.domain.stripe_pages import address
from chalicelib.domain.trial import Trial, TrialProgress, TrialReport, TrialStep


class TestStep(msgspec.Struct, rename="camel", kw_only=True):
    """One step of the test, in plain words."""

    step: Annotated[TrialStep, Meta(description="Which step it is, in the order in which they are taken.")]
    ok: Annotated[bool, Meta(description="True if the step went well.")]
    message: Annotated[str, Meta(description="How it went, in a sentence for people.")]
    next_step: Annotated[
        str | None, Meta(description="What to do about a step that went wrong. Null if it went well.")
    ]


class TestReport(msgspec.Struct, rename="camel"):
    """How the test went: the steps up to the first that went wrong, and the cleaning up."""

    ok: Annotated[bool, Meta(description="True if every step went well.")]
    steps: Annotated[list[TestStep], Meta(description="The steps that were taken, in their order.")]


class TestProgress(msgspec.Struct, rename="camel", kw_only=True):
    """How far the latest test is. Without a test of the connected account, all is null, and `steps` is empty."""

    started_at: Annotated[
        Instant | None, Meta(description="When the test began. RFC 3339, UTC. Null if there was none.")
    ]
    finished_at: Annotated[
        Instant | None,
        Meta(
            description="When its last step was reported. RFC 3339, UTC. Null while it runs, and if it was cut off."
        ),
    ]
    ok: Annotated[
        bool | None,
        Meta(
            description="True if every step went well, false if one went wrong. Null while the test runs. Also false "
            "if the test has not finished after 30 seconds, because it was cut off; its last step says so."
        ),
    ]
    steps: Annotated[list[TestStep], Meta(description="The steps that were taken so far, in their order.")]


class RefreshView(msgspec.Struct, rename="camel", kw_only=True):
    """A comparison with Stripe that is queued; `lastSync` of the connection tells what it found."""

    asked_at: Annotated[Instant, Meta(description="When the comparison was asked for. RFC 3339, UTC.")]
    swept_until: Annotated[
        Instant | None,
        Meta(description="Up to here POM is known to say what Stripe says. RFC 3339, UTC. Null if not yet compared."),
    ]
    last_sync: Annotated[
        SyncReportView | None, Meta(description="What the comparison before this one found. Null before the first.")
    ]


class ChecklistItem(msgspec.Struct, rename="camel", kw_only=True):
    """One line of the list."""

    id: Annotated[str, Meta(description="The name of the line, which stays. Lines may be added.")]
    title: Annotated[str, Meta(description="What to look at, in a few words for people.")]
    done: Annotated[bool | None, Meta(description="True if it is done. Null where only people can know.")]
    detail: Annotated[str, Meta(description="What POM knows about it, in sentences for people.")]
    next_step: Annotated[str | None, Meta(description="What to do about it. Null if there is nothing to do.")]
    link: Annotated[Link | None, Meta(description="The page on which to do it. Null if there is none.")]


class Checklist(msgspec.Struct, rename="camel"):
    """What to look at before going live, always whole."""

    data: Annotated[list[ChecklistItem], Meta(description="The lines, in the order to go through them.")]
    page_info: PageInfo


def test_report_view(trial: Trial) -> TestReport:
    return TestReport(trial.ok, [_step_view(step) for step in trial.steps])


def test_progress_view(progress: TrialProgress) -> TestProgress:
    return TestProgress(
        started_at=instant_or_none(progress.started_at),
        finished_at=instant_or_none(progress.finished_at),
        ok=progress.ok,
        steps=[_step_view(step) for step in progress.steps],
    )


def _step_view(report: TrialReport) -> TestStep:
    return TestStep(step=report.step, ok=report.ok, message=report.message, next_step=report.next_step or None)


def refresh_view(connection: Connection) -> RefreshView:
    return RefreshView(
        asked_at=instant(connection.refresh_asked_at),
        swept_until=instant_or_none(connection.sweep.swept_until),
        last_sync=sync_report_view(connection.sweep.latest),
    )


def checklist_view(items: list[Item], *, dashboard_base: str) -> Checklist:
    return Checklist([_item_view(each, dashboard_base) for each in items], PageInfo(None, False))


def _item_view(item: Item, dashboard_base: str) -> ChecklistItem:
    return ChecklistItem(
        id=item.id,
        title=item.title,
        done=item.done,
        detail=item.detail,
        next_step=item.next_step or None,
        link=address(dashboard_base, item.page) if item.page else None,
    )
