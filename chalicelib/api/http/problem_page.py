"""The page that a person sees if coming back from Stripe ends with an error."""

from __future__ import annotations

from html import escape

from chalice.app import Response

from chalicelib.api.http import chalice_adapter
from chalicelib.api.http.errors import Problem

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Stripe was not connected</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem; color: #1a1f36; }}
code {{ color: #697386; }}
</style>
</head>
<body>
<h1>Stripe was not connected</h1>
<p>{message}</p>
<p>{next_step}</p>
<p><a href="{link}">Back to POM's settings</a></p>
<p><code>{code} &middot; {request_id}</code></p>
</body>
</html>
"""


def accepts_html(accept: str | None) -> bool:
    """Returns True if the client accepts HTML, as a browser does."""
    return accept is not None and "text/html" in accept.lower()


def problem_page(problem: Problem, request_id: str, link: str) -> Response:
    """Returns a problem as a page, with a link back to POM's settings."""
    body = _PAGE.format(
        message=escape(problem.message),
        next_step=escape(problem.next_step),
        link=escape(link, quote=True),
        code=escape(problem.code),
        request_id=escape(request_id),
    )
    headers = {**problem.headers, "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return chalice_adapter.response(problem.status, body, chalice_adapter.HTML, headers)
