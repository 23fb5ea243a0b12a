"""What several examples share."""

from __future__ import annotations

INVOICE_ID = "inv_2m3c5q7xk4jw6ranfhz3l5e7ta"
LAST_PAGE = {"endCursor": "b3BhcXVl", "hasNextPage": False}
MORE_PAGES = {"endCursor": "b3BhcXVl", "hasNextPage": True}
WHOLE_LIST = {"endCursor": None, "hasNextPage": False}
"""Of a list that has no pages."""
