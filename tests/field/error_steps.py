"""Steps about requests that POM refuses."""

from __future__ import annotations

from typing import Any

from tests.api.client import ApiClient


class ErrorSteps:
    """A part of `Play`. The case compares the response to each of these requests as `reply`."""

    api: ApiClient
    _replied: Any

    def request(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> None:
        """Send a request as an admin."""
        self._replied(self.api.admin.call(method, path, body, headers=headers))

    def post_text(self, path: str, text: str) -> None:
        """Post a body that is written exactly like this."""
        self._replied(self.api.admin.post(path, text.encode()))

    def post_many_lines(self, lines: int, **changes: Any) -> None:
        """Ask for an invoice with this many lines, each with these changes."""
        self.request(
            "POST", "/invoices", {"customerId": "cust_1", "lineItems": [_line(n, changes) for n in range(lines)]}
        )

    def finish_batch(self) -> None:
        """Let the workers finish the batch that was just created, and read it."""
        began = self.reply  # type: ignore[has-type]
        self.world.work()  # type: ignore[attr-defined]
        self._replied(self.api.get(f"/invoice-batches/{began['id']}"))

    def finish_import(self) -> None:
        """Let the workers finish the import that was just created, and read it."""
        began = self.reply  # type: ignore[has-type]
        self.world.work()  # type: ignore[attr-defined]
        self._replied(self.api.get(f"/customer-imports/{began['id']}"))

    def put_blanks(self, path: str, kib: int, method: str = "PUT") -> None:
        """Send a body of this many KiB of blanks as an admin."""
        self._replied(self.api.admin.call(method, path, b" " * (kib * 1024)))


def _line(number: int, changes: dict[str, Any]) -> dict[str, Any]:
    line = {"serviceId": f"svc_{number}", "description": "Cleaning", "quantity": "1", "unitPrice": "75.00"}
    return {**line, **changes}
