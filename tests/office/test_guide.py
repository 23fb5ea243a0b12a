"""The users' guide, played on the screens in a browser: every sentence, by the people of a pool company.

Then each screen of the story's end is checked in each width and colour scheme.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from infra.local.stack import LocalStack
from tests.guide import sentences
from tests.office.pages import NARROW, WIDE, Pages, Scheme
from tests.office.screen import loaded, overflow, violations
from tests.office.story import billing, erasing, other_ways, setting_up, troubles
from tests.office.story.scene import Scene

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

ACTS = (
    setting_up.install,
    setting_up.give_customers,
    billing.bill_many,
    setting_up.configure,
    billing.bill,
    billing.pay,
    billing.look,
    billing.refund,
    troubles.lose_webhooks,
    setting_up.reconnect,
    setting_up.look_before_going_live,
    troubles.follow_the_money,
    other_ways.debit,
    other_ways.dispute,
    other_ways.correct,
    other_ways.pay_by_check,
    other_ways.save_at_once,
    other_ways.have_a_deposit_fail,
    other_ways.freeze,
    troubles.remind,
    erasing.forget,
)
SCREENS = (
    "/settings/apps",
    "/settings/invoicing",
    "/billing",
    "/billing/drafts/{draft}",
    "/billing/batches/{batch}",
    "/invoicing",
    "/invoicing/{invoice}",
    "/payments",
    "/payments?list=payments",
    "/payments/deposits/{deposit}",
    "/attention",
    "/customers",
    "/customers/cust_101",
    "/customers/{erased}",
)
LOOKS: list[tuple[int, Scheme]] = [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark")]


@pytest.fixture(scope="module")
def scene(browser: Browser) -> Iterator[Scene]:
    """Plays the whole story to its end on a separate stack, because the story lets days pass."""
    enforced = LocalStack(app="infra.local.enforced_policies:app", schedules_follow=True)
    with enforced as stack, Pages(browser, stack.urls.pom) as pages:
        played_scene = Scene(stack, pages)
        for act in ACTS:
            act(played_scene)
        yield played_scene


def of_erased(screen: str) -> tuple[int, ...]:
    """Returns the status that the page of an erased customer receives before it shows the erasure."""
    return (404,) if "{erased}" in screen else ()


def test_the_screens_show_what_every_sentence_of_the_guide_says(scene: Scene) -> None:
    others = {each for each in sentences() if each[0] == "Related Articles"}
    assert set(sentences()) - others == scene.shown_sentences


def test_no_page_of_the_guide_reports_an_error(scene: Scene) -> None:
    assert scene.pages.complaints == []


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("screen", SCREENS)
def test_each_screen_of_the_office_is_accessible(
    scene: Scene, axe: str, screen: str, width: int, scheme: Scheme
) -> None:
    page = scene.pages.open(screen.format(**scene.left), width=width, scheme=scheme, expected=of_erased(screen))
    loaded(page)
    assert (violations(page, axe), overflow(page)) == ([], 0)
    page.context.close()


def test_no_screen_shows_the_access_token(scene: Scene) -> None:
    for screen in SCREENS:
        page = scene.pages.open(screen.format(**scene.left), expected=of_erased(screen))
        loaded(page)
        assert "eyJ" not in page.content()
        assert page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])").count("eyJ") == 0
        page.context.close()
