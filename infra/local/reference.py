"""The API's reference as a page, `GET /docs`: Swagger UI from a PyPI package, with the application's own document.

Only the local stack serves this page. It loads nothing from other sites, and its content security policy forbids
that.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from infra.local.wsgi import Application, Environ, StartResponse

PACKAGE = "flask_swagger_ui"
"""The package's module needs Flask and is not imported. Only the files next to it are used."""
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # Swagger UI sets styles of its elements
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_JAVASCRIPT = "text/javascript; charset=utf-8"  # without the charset the bundle does not run
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>POM-Stripe API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="stylesheet" href="/docs/page.css">
</head>
<body>
<main id="reference"></main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_STYLE = """\
.swagger-ui { overflow-wrap: anywhere; }

@media (max-width: 640px) {
  .swagger-ui .wrapper { padding: 0 8px; }
  .swagger-ui .opblock .opblock-summary { flex-wrap: wrap; }
  .swagger-ui table.responses-table, .swagger-ui table.parameters { table-layout: fixed; }
  .swagger-ui .response-col_links { display: none; }
  .swagger-ui table.parameters td, .swagger-ui table.parameters input { min-width: 0; width: 100%; }
}
"""
"""Makes the page fit on a phone. The document has no links between operations, so their column is hidden there."""
_START = """\
const dark = matchMedia("(prefers-color-scheme: dark)");
const followColors = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followColors);
followColors();
(async () => {
  const document = await (await fetch("/v1/openapi.json")).json();
  document.servers = [{ url: location.origin, description: "This local stack" }];
  SwaggerUIBundle({
    spec: document,
    dom_id: "#reference",
    deepLinking: true,
    validatorUrl: null,
  });
})();
"""


class _File(NamedTuple):
    kind: str
    content: bytes


class WithReference:
    """A WSGI application that serves `GET /docs` and its files, and passes every other request on."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Responds to one request."""
        file = _file_at(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "GET" else None
        if file is None:
            return self._application(environ, start_response)
        headers = [
            ("Content-Type", file.kind),
            ("Content-Length", str(len(file.content))),
            ("Content-Security-Policy", POLICY),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        start_response(f"{HTTPStatus.OK.value} {HTTPStatus.OK.phrase}", headers)
        return [file.content]


def _file_at(path: str) -> _File | None:
    match path:
        case "/docs" | "/docs/":
            return _File("text/html; charset=utf-8", _PAGE.encode())
        case "/docs/start.js":
            return _File(_JAVASCRIPT, _START.encode())
        case "/docs/page.css":
            return _File("text/css; charset=utf-8", _STYLE.encode())
        case "/docs/swagger-ui-bundle.js":
            return _File(_JAVASCRIPT, _package_file("swagger-ui-bundle.js"))
        case "/docs/swagger-ui.css":
            return _File("text/css; charset=utf-8", _package_file("swagger-ui.css"))
        case "/docs/favicon-32x32.png":
            return _File("image/png", _package_file("favicon-32x32.png"))
        case _:
            return None


def _package_file(name: str) -> bytes:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"The package {PACKAGE} of requirements-local.txt is not installed.")
    return (Path(spec.submodule_search_locations[0]) / "dist" / name).read_bytes()
