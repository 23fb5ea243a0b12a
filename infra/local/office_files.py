"""The files of the office: plain modules, a stylesheet and one page, served unchanged from the disk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from chalicelib.api.preview_page import STYLE_SOURCE

OFFICE = Path(__file__).with_name("office")
KINDS = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml; charset=utf-8",
}
_FILE = re.compile(r"(?:core/|screens/)?[a-z-]+\.(css|js|svg)")
"""The files that the page loads. No name leads out of the directory, or into the tools that npm installs in it."""
_PAGES = re.compile(r"/|/settings/(?:apps|invoicing)|/attention|/(?:billing|invoicing|payments|customers)(?:/.*)?")


def is_page(path: str) -> bool:
    """Returns True if `path` is the address of one of the office's screens."""
    return _PAGES.fullmatch(path) is not None


def page_of(office: Path) -> bytes:
    """Returns the one page, which shows the screen that its address names."""
    return (office / "index.html").read_bytes()


def file_of(office: Path, name: str) -> tuple[str, bytes] | None:
    """Returns the content type and the content of a file below `office`; None if there is no such file to serve."""
    match = _FILE.fullmatch(name)
    if match is None or not (office / name).is_file():
        return None
    return KINDS[match[1]], (office / name).read_bytes()


def page_headers(api_url: str) -> Sequence[tuple[str, str]]:
    """Returns the headers of the page. The page may load only its own files and call only the API at `api_url`.

    The preview of a draft, which the page opens in a window, may use its own style.
    """
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' {STYLE_SOURCE}",
        "img-src 'self' data:",
        f"connect-src 'self' {api_url}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return (("Content-Security-Policy", "; ".join(policy)), ("Cache-Control", "no-store"))
