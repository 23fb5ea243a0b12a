"""Verifying the connection: the test invoice, the refresh, and the check list."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.api.models.common import Instant, PageInfo, instant, instant_or_none
from chalicelib.api.models.connection import SyncReportView, sync_report_view
from chalicelib.domain.checklist import Item
from chalicelib.domain.connection import Connection
from chalicelib.domain.stripe_pages import address
from chalicelib.domain.trial import TrialReport, TrialStep
from chalicelib.usecases.connecting.try_connection import TrialResult


class TestStep(msgspec.Struct, rename="camel", kw_only=True):
    """One step of the test, in plain words; `nextStep` says what to do where it went wrong."""

    step: TrialStep
    ok: bool
    message: str
    next_step: str | UnsetType = UNSET


class TestReport(msgspec.Struct, rename="camel"):
    """How the test went: the steps up to the first that went wrong, and the cleaning up."""

    ok: bool
    steps: list[TestStep]


class RefreshView(msgspec.Struct, rename="camel", kw_only=True):
    """A comparison with Stripe that is queued; `lastSync` of the connection tells what it found."""

    asked_at: Instant
    swept_until: Instant | None
    last_sync: SyncReportView | None


class ChecklistItem(msgspec.Struct, rename="camel", kw_only=True):
    """One line of the list; `done` is null where only people can know."""

    id: str
    title: str
    done: bool | None
    detail: str
    next_step: str | UnsetType = UNSET
    link: Annotated[str, Meta(extra_json_schema={"format": "uri"})] | UnsetType = UNSET


class Checklist(msgspec.Struct, rename="camel"):
    """What to look at before going live, always whole."""

    data: list[ChecklistItem]
    page_info: PageInfo


def test_report_view(result: TrialResult) -> TestReport:
    return TestReport(result.ok, [_step_view(step) for step in result.steps])


def _step_view(report: TrialReport) -> TestStep:
    return TestStep(step=report.step, ok=report.ok, message=report.message, next_step=report.next_step or UNSET)


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
        next_step=item.next_step or UNSET,
        link=address(dashboard_base, item.page) if item.page else UNSET,
    )
