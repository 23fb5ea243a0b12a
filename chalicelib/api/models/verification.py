"""The verification of the connection: the test invoice, the refresh and the checklist."""

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
    """A step of the test."""

    step: Annotated[TrialStep, Meta(description="The step, in the order in which the test takes them.")]
    ok: Annotated[bool, Meta(description="True if the step succeeded.")]
    message: Annotated[str, Meta(description="The result of the step, in a sentence for people.")]
    next_step: Annotated[str | None, Meta(description="What to do about a failed step. Null if the step succeeded.")]


class TestReport(msgspec.Struct, rename="camel"):
    """The result of the test: the steps up to the first failure, and the cleanup."""

    ok: Annotated[bool, Meta(description="True if every step succeeded.")]
    steps: Annotated[list[TestStep], Meta(description="The steps that were taken, in order.")]


class TestProgress(msgspec.Struct, rename="camel", kw_only=True):
    """The progress of the latest test. Without a test of the connected account, every field is null or empty."""

    started_at: Annotated[
        Instant | None, Meta(description="Time at which the test began. RFC 3339, UTC. Null if there was none.")
    ]
    finished_at: Annotated[
        Instant | None,
        Meta(
            description="Time at which the test's last step was reported. RFC 3339, UTC. Null while the test runs, "
            "and if it was interrupted."
        ),
    ]
    ok: Annotated[
        bool | None,
        Meta(
            description="True if every step succeeded, false if one failed, null while the test runs. Also false "
            "if the test has not finished after 30 seconds, because it was interrupted; its last step then says so."
        ),
    ]
    steps: Annotated[list[TestStep], Meta(description="The steps that were taken so far, in order.")]


class RefreshView(msgspec.Struct, rename="camel", kw_only=True):
    """A queued comparison with Stripe. Its result will be `lastSync` of the connection."""

    asked_at: Annotated[Instant, Meta(description="Time at which the comparison was requested. RFC 3339, UTC.")]
    swept_until: Annotated[
        Instant | None,
        Meta(
            description="POM's records match Stripe's up to this time. RFC 3339, UTC. Null before the first "
            "comparison."
        ),
    ]
    last_sync: Annotated[
        SyncReportView | None,
        Meta(description="The result of the comparison before this one. Null before the first one."),
    ]


class ChecklistItem(msgspec.Struct, rename="camel", kw_only=True):
    """An item of the checklist."""

    id: Annotated[str, Meta(description="The name of the item, which never changes. Items may be added.")]
    title: Annotated[str, Meta(description="The task, in a few words for people.")]
    done: Annotated[bool | None, Meta(description="True if the task is done. Null if only a person can tell.")]
    detail: Annotated[str, Meta(description="POM's information about the task, in sentences for people.")]
    next_step: Annotated[str | None, Meta(description="What to do next. Null if there is nothing to do.")]
    link: Annotated[Link | None, Meta(description="The page on which to do it. Null if there is none.")]


class Checklist(msgspec.Struct, rename="camel"):
    """The tasks to complete before going live. The list has one page."""

    data: Annotated[list[ChecklistItem], Meta(description="The items, in the order in which to complete them.")]
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
