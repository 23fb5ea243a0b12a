"""The objects that the acts share: the people at their screens, and the sentences of the guide that were shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.guide import Sentence, sentences
from tests.office.screen import PATIENCE, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from infra.local.stack import LocalStack
    from tests.office.pages import Pages

GOOD_CARD = "4242 4242 4242 4242"
"""One of Stripe's published test cards (https://docs.stripe.com/testing)."""
LOADED = 300
"""How often a page is loaded before it is given up."""


@dataclass
class Scene:
    """The office's admin and billing user, a member, the owner at Stripe's side, and a payer, each with a page."""

    stack: LocalStack
    pages: Pages
    shown_sentences: set[Sentence] = field(default_factory=set)
    section: str = ""
    left: dict[str, str] = field(default_factory=dict)
    """The ids of the objects that the story has created, by kind: an invoice, a draft, a batch and a deposit."""

    def __post_init__(self) -> None:
        self.alice = self._at_the_office("Alice Moreno")
        self.bob = self._at_the_office("Bob Tran")
        self.mel = self._at_the_office("Mel Okafor")
        self.owner = self.pages.new()
        self.payer = self.pages.new(expected=(402,))

    def chapter(self, section: str) -> None:
        """Begins a section of the guide, by its heading."""
        assert section in {heading for heading, _ in sentences()}, f"The guide has no section {section!r}."
        self.section = section

    def says(self, sentence: str) -> None:
        """Records a sentence of the section. The steps that follow show that it is true."""
        assert (self.section, sentence) in sentences(), f"The guide does not say {sentence!r} in {self.section!r}."
        self.shown_sentences.add((self.section, sentence))

    def goes(self, page: Page, place: str) -> None:
        """Presses an entry of the office's menu."""
        page.bring_to_front()
        page.get_by_role("navigation", name="Main").get_by_role("link", name=re.compile(f"^{place}")).click()
        shown(page.get_by_role("heading", level=1))

    def at_stripe(self, entry: str) -> Page:
        """Opens an entry of the account's menu at Stripe's side."""
        account = "Blue Lagoon Pools"
        self.owner.bring_to_front()
        if self.owner.url == "about:blank":
            self.owner.goto(f"{self.stack.urls.stripe}/dashboard")
            self.owner.get_by_role("link", name=account).click()
        self.owner.get_by_role("navigation", name="Dashboard").get_by_role("link", name=entry, exact=True).click()
        return self.owner

    def pays(self, card: str, *, exp: str = "12/34", cvc: str = "123") -> None:
        """Types a card on the hosted page that the payer has open, and presses Pay."""
        self.payer.get_by_label("Card number").fill(card)
        self.payer.get_by_label("Expiry").fill(exp)
        self.payer.get_by_label("CVC").fill(cvc)
        self.payer.get_by_role("button", name=re.compile(r"^Pay \S+$")).click()

    def _at_the_office(self, name: str) -> Page:
        page = self.pages.open("/settings/apps", expected=(404, 409, 412, 422))
        sign_in(page, name)
        return page


def shown(element: Locator) -> Locator:
    """Returns the element once it can be seen, in the window that is in front: the others are drawn once a second."""
    element.page.bring_to_front()
    element.wait_for(timeout=PATIENCE)
    return element


def status(page: Page, word: str) -> None:
    """Waits until the badge of the page's thing has this word."""
    shown(page.locator("main .heading").first.locator(".badge", has_text=word))


def in_dialog(page: Page, name: str) -> Locator:
    """Returns the dialog that has this name."""
    return shown(page.get_by_role("dialog", name=name))


def again_until(page: Page, text: str) -> None:
    """Loads a page of Stripe's side again until it has the text, because it does not change by itself.

    Raises:
        AssertionError: it never had it.
    """
    for _ in range(LOADED):
        if page.get_by_text(text).count():
            return
        page.reload()
    raise AssertionError(f"{page.url} never showed {text!r}")
