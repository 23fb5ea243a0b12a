"""Credit notes (https://docs.stripe.com/invoicing/integration/programmatic-credit-notes). Routes come last."""

from __future__ import annotations

from ..router import Route

ROUTES: list[Route] = []
