"""The actions of a person on a screen of the office, the texts on it, and the reports of axe and of the overflow
check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PATIENCE = 30_000
"""The milliseconds to wait for an automatic change."""
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
"""The rules that make WCAG 2.2 AA, as axe tags them."""

_VIOLATIONS = """async (tags) => {
    const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`));
}"""


def sign_in(page: Page, name: str) -> None:
    """Chooses the person of this name in the menu; returns when the page has been loaded for that person."""
    menu = page.get_by_label("Signed in as")
    option = menu.locator("option", has_text=name)
    option.wait_for(state="attached", timeout=PATIENCE)
    value = option.get_attribute("value")
    if menu.input_value() != value:
        with page.expect_navigation():
            menu.select_option(value)


def reads(page: Page, text: str, patience: float = PATIENCE) -> Locator:
    """Returns the first element that shows the text, once it is there.

    Raises:
        playwright.sync_api.TimeoutError: it was not there in time.
    """
    page.bring_to_front()
    element = page.get_by_text(text).first
    element.wait_for(timeout=patience)
    return element


def loaded(page: Page) -> None:
    """Waits until no part of the page shows that it is loading."""
    page.bring_to_front()
    page.locator("main h1").first.wait_for(timeout=PATIENCE)
    page.locator(".loading:visible").first.wait_for(state="detached", timeout=PATIENCE)


def violations(page: Page, axe: str) -> list[str]:
    """Returns the violations of WCAG 2.2 AA on the page: the rule, the element, and the fix.

    Args:
        axe: the source of axe.
    """
    # Unlike a script element, this works under the page's Content-Security-Policy.
    page.evaluate(axe)
    found: list[str] = page.evaluate(_VIOLATIONS, WCAG)
    return found


def overflow(page: Page) -> int:
    """Returns the number of pixels by which the page is wider than its window, or 0 if it fits."""
    pixels: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return pixels
