"""Routes the dashboard's addresses: finds the account and the page, and runs the action of a form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl

from ..control.controls import Controls
from ..errors import StripeFault
from ..http.messages import Request, Response, as_html, redirect
from . import account, customers, disputes, home, invoices, layout, mails, payments, payouts, webhooks
from .visit import FormAction, InvalidInput, Page, Problem, Show, Visit, address

_TOPICS = (home, payments, disputes, invoices, customers, payouts, webhooks, account)
_PAGES: dict[str, Show] = {path: show for topic in (*_TOPICS, mails) for path, show in topic.PAGES.items()}
_ACTIONS: dict[str, FormAction] = {path: action for topic in _TOPICS for path, action in topic.ACTIONS.items()}
_LISTS = ("/", "/dashboard")


POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
"""The Content-Security-Policy of every page. It forbids scripts, and other sites' frames."""


class Dashboard:
    """Serves every address that is a page of Stripe's Dashboard, such as `/acct_1/test/invoices/in_1`.

    An address without an account, such as `/account/status`, redirects to the page of the only account. If there are
    several accounts, the response is a page on which to choose one.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def takes(self, request: Request) -> bool:
        """Returns True for a GET, and for a POST to a page of an account."""
        return request.method == "GET" or (request.method == "POST" and self._visit(request) is not None)

    def handle(self, request: Request) -> Response:
        """Returns a page, or a redirect to a page after a form's action has run."""
        response = self._respond(request)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    def _respond(self, request: Request) -> Response:
        with self._controls.world.lock:
            self._controls.world.run_due()
            visit_and_path = self._visit(request)
            if visit_and_path is None:
                return self._respond_without_account(request.path)
            visit, path = visit_and_path
            try:
                if request.method == "POST":
                    return self._act(request, visit, path)
                return self._show(visit, path)
            except StripeFault as exc:
                if exc.status != 404:
                    raise
                return as_html(404, layout.not_found_page(request.path, visit.url()))

    def _visit(self, request: Request) -> tuple[Visit, str] | None:
        """Returns the visit to an account's pages, and the path without account and mode; None if the path has no
        account.
        """
        _, _, path_without_slash = request.path.partition("/")
        account, _, path = path_without_slash.partition("/")
        ledger = self._controls.world.ledgers.get(account)
        if ledger is None:
            return None
        if path == "test" or path.startswith("test/"):
            path = path[5:]
        form_text = request.body.decode("utf-8", "replace") if request.method == "POST" else ""
        query, form = dict(parse_qsl(request.query)), dict(parse_qsl(form_text, keep_blank_values=True))
        return Visit(self._controls, ledger, query, form), path.strip("/")

    def _respond_without_account(self, path: str) -> Response:
        ledgers = list(self._controls.world.ledgers.values())
        page_path = path.strip("/")
        if path in ("", *_LISTS):
            return as_html(200, layout.page_without_account("Accounts", home.accounts(ledgers)))
        if _match(_PAGES, page_path) is None:
            return as_html(404, layout.not_found_page(path))
        if len(ledgers) == 1:
            return redirect(address(ledgers[0], page_path))
        return as_html(200, layout.page_without_account("Which account?", home.accounts(ledgers, page_path)))

    def _show(self, visit: Visit, path: str, status: int = 200) -> Response:
        page_match = _match(_PAGES, path)
        if page_match is None:
            return as_html(404, layout.not_found_page(visit.url(path), visit.url()))
        pattern, page_id = page_match
        page: Page = _PAGES[pattern](visit, page_id)
        action = _ACTIONS.get(visit.query.get("done", ""))
        return as_html(status, layout.account_page(visit, _section(pattern), page, action.message if action else ""))

    def _act(self, request: Request, visit: Visit, path: str) -> Response:
        if request.header("sec-fetch-site") not in ("", "none", "same-origin"):
            return as_html(403, layout.cross_site_page())
        action_match = _match(_ACTIONS, path)
        if action_match is None:
            return as_html(404, layout.not_found_page(request.path, visit.url()))
        pattern, page_id = action_match
        page, _, name = path.rpartition("/")
        try:
            target = _ACTIONS[pattern].do(visit, page_id)
        except InvalidInput as exc:
            problem, status = Problem(name, str(exc), exc.name), 400
        except StripeFault as exc:
            problem, status = Problem(name, str(exc), exc.error.get("param", "")), exc.status
        else:
            return redirect(f"{visit.url(page if target is None else target)}?done={pattern}")
        return self._show(replace(visit, problem=problem), page, status)


def _match(table: dict[str, Show] | dict[str, FormAction], path: str) -> tuple[str, str] | None:
    """Returns the pattern that matches a path and the id in the path; None if no pattern matches."""
    for pattern, object_id in _patterns(path):
        if pattern in table:
            return pattern, object_id
    return None


def _patterns(path: str) -> Iterator[tuple[str, str]]:
    yield path, ""
    parts = path.split("/")
    if len(parts) > 1:
        yield "/".join([parts[0], "*", *parts[2:]]), parts[1]


def _section(pattern: str) -> str:
    """Returns the path of the menu item to which a page belongs."""
    first = pattern.partition("/")[0]
    return "account/status" if first in ("account", "settings") and pattern != "settings/payouts" else first
