"""A browser without JavaScript, in process: it opens the dashboard's pages and presses their buttons."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urlencode

from infra.stripe_double import StripeDouble
from infra.stripe_double.http.messages import Request


@dataclass
class Form:
    """A form: its address, the values of its inputs, and the words on its button."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    button: str = ""


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._in_button = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            assert attributes["method"] == "post"
            self.found.append(Form(attributes["action"]))
        elif tag == "input":
            self.found[-1].fields[attributes["name"]] = attributes.get("value", "")
        elif tag == "select":
            self._select = attributes["name"]
        elif tag == "option" and ("selected" in attributes or self._select not in self.found[-1].fields):
            self.found[-1].fields[self._select] = attributes["value"]
        self._in_button = tag == "button"

    def handle_data(self, data: str) -> None:
        if self._in_button:
            self.found[-1].button += data
            self._in_button = False


@dataclass
class Browser:
    """A person's browser on an account's pages. `status`, `html` and `address` are those of the last page."""

    double: StripeDouble
    account: str
    status: int = 0
    html: str = ""
    address: str = ""

    def open(self, path: str = "") -> str:
        """Opens a page of the account, or any page if the path begins with a slash; returns its text."""
        self.address = path if path.startswith("/") else f"/{self.account}/test/{path}".rstrip("/")
        path, _, query = self.address.partition("?")
        return self._take("GET", path, query)

    def buttons(self) -> list[str]:
        """Returns the words on the buttons of the page."""
        return [form.button for form in self._forms()]

    def press(self, button: str, **fields: str) -> str:
        """Presses a button on the page, after typing `fields` into its form. Returns the text of the next page."""
        form = next(form for form in self._forms() if form.button == button)
        assert fields.keys() <= form.fields.keys()
        return self.send(form.action, {**form.fields, **fields})

    def send(self, path: str, fields: dict[str, str], **headers: str) -> str:
        """Sends a form, even one that is not on the page. Returns the text of the next page."""
        header_values = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._take("POST", path, "", urlencode(fields).encode(), header_values)

    @property
    def text(self) -> str:
        """The text of the page, without the style."""
        body = re.sub(r"<style>.*?</style>", "", self.html, flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())

    def _take(
        self, method: str, path: str, query: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> str:
        response = self.double.handle(Request(method, path, query, body, headers or {}))
        if response.status == 303:
            return self.open(response.headers["Location"])
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        self.status, self.html = response.status, response.body.decode()
        return self.text

    def _forms(self) -> list[Form]:
        parser = _Forms()
        parser.feed(self.html)
        return parser.found
