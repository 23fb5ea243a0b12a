"""Makes the pictures of the office's screens: `make screens`.

A local stack is started for them and stopped afterwards. A picture's name is that of its file, without `.png`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local.real.fetching import Unavailable
from infra.local.stack import ROOT, LocalStack
from tests.office.browser import chromium
from tests.office.looking import reads
from tests.office.pages import WIDE, Pages, Scheme

if TYPE_CHECKING:
    from playwright.sync_api import Page

OUT = ROOT / "docs/screens"


@dataclass(frozen=True)
class Picture:
    """A screen as a picture shows it: `show` brings the page, which is open at `path`, to the state to be shown."""

    path: str
    show: Callable[[Page], object]
    width: int = WIDE
    scheme: Scheme = "light"


PICTURES = {
    "apps": Picture("/settings/apps", lambda page: reads(page, "Install")),
}
"""In the order in which they are taken: each finds the stack as those before it left it."""


def take(picture: Picture, pages: Pages, file: Path) -> None:
    """Writes one picture."""
    page = pages.open(picture.path, width=picture.width, scheme=picture.scheme)
    picture.show(page)
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
            for name in (name for name in PICTURES if name in (options.names or PICTURES)):
                file = options.out / f"{name}.png"
                take(PICTURES[name], pages, file)
                print(f"{file} ({file.stat().st_size // 1000} kB)")
            complaints = pages.complaints
    except Unavailable as error:
        print(f"make screens: the browser is {error}", file=sys.stderr)
        return 2
    print(*complaints, sep="\n", end="\n" if complaints else "", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
