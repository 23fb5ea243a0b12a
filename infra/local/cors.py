"""Cross-origin access for the web front ends of a few configured origins, and for no others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.api.http.cross_origin import ALLOWED_HEADERS, EXPOSED_HEADERS
from infra.template.api import PREFLIGHT_MAX_AGE


@dataclass(frozen=True)
class Cors:
    """The cross-origin headers for pages of `origins`, each a scheme, a host and a port. Without origins there are
    none.

    These headers are for the responses of API Gateway. The application's responses have their own headers.
    """

    origins: tuple[str, ...]

    def headers(self, request_origin: str | None) -> dict[str, str]:
        """Returns the headers that let a page of `request_origin` read a response."""
        if not self.origins:
            return {}
        vary = {"Vary": "Origin"}
        if request_origin not in self.origins:
            return vary
        return {
            **vary,
            "Access-Control-Allow-Origin": request_origin,
            "Access-Control-Expose-Headers": ", ".join(EXPOSED_HEADERS),
        }

    def preflight(self, request_origin: str | None, methods: Iterable[str]) -> dict[str, str]:
        """Returns the headers of a preflight's response for an address with these methods."""
        headers = self.headers(request_origin)
        if "Access-Control-Allow-Origin" not in headers:
            return headers
        return {
            **headers,
            "Access-Control-Allow-Methods": ",".join(sorted({*methods, "OPTIONS"})),
            "Access-Control-Allow-Headers": ",".join(ALLOWED_HEADERS),
            "Access-Control-Max-Age": str(PREFLIGHT_MAX_AGE),
        }
