"""Steps about requests that POM refuses: a program sends something wrong, and the case says what it must hear."""

from __future__ import annotations

from typing import Any

from tests.api.client import ApiClient


class ErrorSteps:
    """A part of `Play`. The reply to each of these requests is what the case shows as `reply`."""

    api: ApiClient

    def request(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> None:
        """Send a request as an admin."""
        self._replied(self.api.admin.call(method, path, body, headers=headers))

    def post_text(self, path: str, text: str) -> None:
        """Post a body that is written exactly like this."""
        self._replied(self.api.admin.post(path, text.encode()))

    def post_many_lines(self, lines: int, **changes: Any) -> None:
        """Ask for an invoice with so many lines, each changed like this."""
        self.request(
            "POST", "/invoices", {"customerId": "cust_1", "lineItems": [_line(n, changes) for n in range(lines)]}
        )

    def bill_services(self, *services: str, customer: str = "cust_1", send: bool = True) -> None:
        """Ask for an invoice of these services."""
        lines = [_line(0, {"serviceId": each}) for each in services]
        self.request("POST", "/invoices", {"customerId": customer, "lineItems": lines, "send": send})

    def finish_batch(self) -> None:
        """Let the workers take the batch that was just begun, and look at it."""
        began = self.reply  # type: ignore[has-type]
        self.world.work()  # type: ignore[attr-defined]
        self._replied(self.api.get(f"/invoice-batches/{began['id']}"))

    def finish_import(self) -> None:
        """Let the workers take the import that was just begun, and look at it."""
        began = self.reply  # type: ignore[has-type]
        self.world.work()  # type: ignore[attr-defined]
        self._replied(self.api.get(f"/customer-imports/{began['id']}"))

    def put_blanks(self, path: str, kib: int, method: str = "PUT") -> None:
        """Send a body of so many KiB of blanks as an admin."""
        self._replied(self.api.admin.call(method, path, b" " * (kib * 1024)))

    def _replied(self, answer: Any) -> None:
        self.reply = {"http": answer.status, **answer.json}


def _line(number: int, changes: dict[str, Any]) -> dict[str, Any]:
    line = {"serviceId": f"svc_{number}", "description": "Cleaning", "quantity": "1", "unitPrice": "75.00"}
    return {**line, **changes}
