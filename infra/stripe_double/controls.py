"""/_double/…: the double's own controls, as JSON over HTTP. README.md has the table.

A control answers 200 with JSON; 404 for an unknown object, 400 for a wrong field or setting.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .control_fields import calling
from .errors import StripeFault
from .faults import Fault
from .http import Request, Response, as_json
from .objects import accounts, webhook_endpoints
from .objects.accounts import name_of

if TYPE_CHECKING:
    from .double import StripeDouble

Action = Callable[[dict[str, Any], list[str]], Any]


class Controls:
    """Routes of the control API, each one call of the Python API."""

    def __init__(self, double: StripeDouble) -> None:
        self._double = double
        d = double
        self._routes: dict[tuple[str, str], Action] = {
            ("GET", "health"): lambda b, a: {"ok": True, "now": d.clock.now(), "url": d.config.public_url},
            ("GET", "settings"): lambda b, a: self._settings(),
            ("GET", "accounts"): lambda b, a: self._accounts(),
            ("POST", "accounts"): calling(d.create_account, accounts.make),
            ("POST", "accounts/*"): calling(d.update_account),
            ("POST", "accounts/*/revoke"): lambda b, a: d.revoke(a[0]),
            ("POST", "accounts/*/code"): lambda b, a: {"code": d.authorization_code(a[0])},
            ("GET", "ledger/*"): lambda b, a: d.ledger(a[0]),
            ("GET", "events/*"): lambda b, a: d.events(a[0]),
            ("POST", "events/*/*/resend"): lambda b, a: {"queued": d.resend(a[0], a[1])},
            ("GET", "suppressed"): lambda b, a: d.suppressed(),
            ("GET", "mails"): lambda b, a: d.mails(),
            ("GET", "mails/*"): lambda b, a: d.mails(a[0]),
            ("POST", "endpoints"): calling(d.add_webhook_endpoint, webhook_endpoints.make),
            ("POST", "endpoints/*/roll"): self._roll,
            ("POST", "invoices/*/*/pay"): calling(d.pay),
            ("POST", "debits/*/*/settle"): calling(d.settle_debit),
            ("POST", "refunds/*/*/settle"): calling(d.settle_refund),
            ("POST", "charges/*/*/dispute"): calling(d.open_dispute),
            ("POST", "disputes/*/*"): calling(d.move_dispute),
            ("GET", "clock"): lambda b, a: {"now": d.clock.now()},
            ("POST", "clock/advance"): self._advance,
            ("GET", "delivery"): lambda b, a: d.set_delivery(),
            ("POST", "delivery"): calling(d.set_delivery),
            ("POST", "delivery/step"): lambda b, a: d.step(),
            ("POST", "delivery/drain"): lambda b, a: {"tries": d.drain()},
            ("GET", "deliveries"): lambda b, a: self._deliveries(),
            ("POST", "faults"): calling(d.order_fault, Fault),
            ("DELETE", "faults"): lambda b, a: d.clear_faults(),
            ("POST", "rates"): calling(d.set_rates),
            ("GET", "requests"): lambda b, a: self._requests(),
            ("DELETE", "requests"): lambda b, a: d.api.log.reset(),
        }

    def handle(self, request: Request) -> Response:
        """Answer a path under /_double."""
        path = request.path.removeprefix("/_double").strip("/") or "settings"
        action, args = self._match(request.method, path)
        if action is None:
            return as_json(404, {"error": f"no such control: {request.method} /_double/{path}"})
        try:
            body = json.loads(request.body or b"{}")
            if not isinstance(body, dict):
                raise ValueError("the body must be a JSON object")
            result = action(body, args)
            return as_json(200, {} if result is None else result)
        except StripeFault as exc:
            return as_json(exc.status, exc.body)
        except KeyError as exc:
            return as_json(404, {"error": f"not found: {exc}"})
        except ValueError as exc:
            return as_json(400, {"error": str(exc)})

    def _match(self, method: str, path: str) -> tuple[Action | None, list[str]]:
        given = path.split("/")
        for (wanted, template), action in self._routes.items():
            parts = template.split("/")
            if wanted == method and len(parts) == len(given):
                pairs = list(zip(parts, given, strict=True))
                if all(p in ("*", g) for p, g in pairs):
                    return action, [g for p, g in pairs if p == "*"]
        return None, []

    def _roll(self, body: dict[str, Any], ids: list[str]) -> dict[str, Any]:
        return {"secret": calling(self._double.roll_secret)(body, ids)}

    def _advance(self, body: dict[str, Any], ids: list[str]) -> dict[str, Any]:
        return {"happened": calling(self._double.advance)(body, ids), "now": self._double.clock.now()}

    def _settings(self) -> dict[str, Any]:
        config = self._double.config
        return {
            "platform_key_test": config.platform_key_test,
            "platform_key_live": config.platform_key_live,
            "client_id_test": config.client_id_test,
            "client_id_live": config.client_id_live,
            "public_url": config.public_url,
            "api_version": config.api_version,
            "controls": sorted(f"{method} /_double/{path}" for method, path in self._routes),
        }

    def _accounts(self) -> list[dict[str, Any]]:
        world = self._double.world
        with world.lock:
            return [
                {
                    "id": ledger.id,
                    "business_name": name_of(ledger.account),
                    "api_version": ledger.api_version,
                    "connected": ledger.connected,
                    "livemode": ledger.livemode,
                    "charges_enabled": ledger.account["charges_enabled"],
                }
                for ledger in world.ledgers.values()
            ]

    def _deliveries(self) -> dict[str, Any]:
        deliverer = self._double.deliverer
        with self._double.world.lock:
            queued = [vars(t) for t in sorted(deliverer.queue)]
            return {"log": list(deliverer.log), "queued": queued, "in_flight": deliverer.in_flight}

    def _requests(self) -> dict[str, Any]:
        log = self._double.api.log
        return {"counts": log.counts(), "total": log.total(), "entries": log.entries()}
