"""What several examples share."""

from __future__ import annotations

INVOICE_ID = "inv_2m3c5q7xk4jw6ranfhz3l5e7ta"
LAST_PAGE = {"endCursor": None, "hasNextPage": False}
MORE_PAGES = {"endCursor": "b3BhcXVl", "hasNextPage": True}
