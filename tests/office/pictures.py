"""`make screens` creates the pictures of the office's screens.

It starts a local stack, plays a busy month on it, and stops it afterwards. A picture's name is the name of its file
without `.png`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local.double_config import STRIPE_ACCOUNT
from infra.local.real.fetching import Unavailable
from infra.local.stack import ROOT, LocalStack
from tests.office.browser import chromium
from tests.office.pages import NARROW, WIDE, Pages, Scheme
from tests.office.screen import loaded, reads
from tests.office.story import billing, setting_up, troubles
from tests.office.story.scene import Scene

if TYPE_CHECKING:
    from playwright.sync_api import Page

OUT = ROOT / "docs/screens"
ACTS = (
    setting_up.install,
    setting_up.give_customers,
    billing.bill_many,
    setting_up.configure,
    billing.bill,
    billing.pay,
    troubles.let_a_busy_month_pass,
    troubles.wait_for_a_deposit,
)


@dataclass(frozen=True)
class Picture:
    """A screen as a picture shows it: `show` brings the page, which is open at `path`, to the state to be shown."""

    path: str
    show: Callable[[Page], object]
    width: int = WIDE
    scheme: Scheme = "light"


def _select_two_customers(page: Page) -> None:
    page.get_by_label("Show").select_option(value="unbilled")
    for number in range(2):
        page.locator("tbody").nth(number).get_by_role("checkbox").first.check()
    page.evaluate("scrollTo(0, 0)")


def _open_a_payment(page: Page) -> None:
    page.get_by_role("link", name=re.compile(r"^\$")).first.click()
    reads(page, "Open a dispute")


PICTURES = {
    "apps": Picture("/settings/apps", lambda page: reads(page, "Connected since")),
    "billing": Picture("/billing", _select_two_customers),
    "draft": Picture("/billing/drafts/{draft}", lambda page: reads(page, "Bill to")),
    "invoicing": Picture("/invoicing", lambda page: reads(page, "Paid this month")),
    "invoice": Picture("/invoicing/{invoice}", lambda page: reads(page, "Timeline")),
    "deposit": Picture("/payments/deposits/{deposit}", lambda page: reads(page, "What it adds up to")),
    "attention": Picture("/attention", lambda page: reads(page, "Everything")),
    "invoice-phone": Picture("/invoicing/{invoice}", lambda page: reads(page, "Timeline"), NARROW, "dark"),
    "stripes-side": Picture("{stripe}/payments", _open_a_payment),
}


def take(picture: Picture, scene: Scene, file: Path) -> None:
    """Writes one picture."""
    page = scene.pages.open(picture.path.format(**scene.left), width=picture.width, scheme=picture.scheme)
    picture.show(page)
    loaded(page)
    page.screenshot(path=file, animations="disabled", caret="hide")


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes the pictures; returns 1 if something went wrong in a page, and 2 if there is no browser."""
    parser = argparse.ArgumentParser(
        prog="make screens", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all, unless named: {', '.join(PICTURES)}")
    parser.add_argument(
        "--out", type=Path, default=OUT, help="the directory they are written to (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(PICTURES)
    if unknown:
        parser.error(f"there is no picture {', '.join(sorted(unknown))}")
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        with chromium() as browser, LocalStack() as stack, Pages(browser, stack.urls.pom) as pages:
            scene = Scene(stack, pages)
            for act in ACTS:
                print(act.__name__.replace("_", " "), flush=True)
                act(scene)
            scene.left["stripe"] = f"{stack.urls.stripe}/{STRIPE_ACCOUNT['account_id']}/test"
            for name in options.names or PICTURES:
                file = options.out / f"{name}.png"
                take(PICTURES[name], scene, file)
                print(f"{file} ({file.stat().st_size // 1000} kB)", flush=True)
            complaints = pages.complaints
    except Unavailable as error:
        print(f"make screens: the browser is {error}", file=sys.stderr)
        return 2
    print(*complaints, sep="\n", end="\n" if complaints else "", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
