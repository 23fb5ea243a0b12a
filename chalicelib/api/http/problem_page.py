"""The one page a person sees: coming back from Stripe with something that cannot be completed."""

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
    """Whether a browser asks, rather than a program."""
    return accept is not None and "text/html" in accept.lower()


def problem_page(problem: Problem, request_id: str, link: str) -> Response:
    """The problem, readable, with the way back."""
    body = _PAGE.format(
        message=escape(problem.message),
        next_step=escape(problem.next_step),
        link=escape(link, quote=True),
        code=escape(problem.code),
        request_id=escape(request_id),
    )
    headers = {**problem.headers, "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return chalice_adapter.response(problem.status, body, chalice_adapter.HTML, headers)
