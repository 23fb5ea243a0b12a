"""Serves the controls as JSON over HTTP, under /_double/. README.md has the table.

A control responds with 200 and JSON, 404 for an unknown object, or 400 for a wrong field or setting.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ..api.faults import Fault
from ..errors import StripeFault
from ..http.messages import Request, Response, as_json
from ..objects import accounts, webhook_endpoints
from ..objects.accounts import name_of
from ..state.settlement import Settlement
from .controls import Controls
from .fields import action_for

Action = Callable[[dict[str, Any], list[str]], Any]


class ControlRoutes:
    """The control API. Each route calls one method of `Controls`."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._routes: dict[tuple[str, str], Action] = {
            ("GET", "health"): lambda body, ids: {
                "ok": True,
                "now": controls.clock.now(),
                "url": controls.config.public_url,
            },
            ("GET", "settings"): lambda body, ids: self._settings(),
            ("GET", "accounts"): lambda body, ids: self._accounts(),
            ("POST", "accounts"): action_for(controls.create_account, accounts.make, Settlement),
            ("POST", "accounts/*"): action_for(controls.update_account),
            ("POST", "accounts/*/revoke"): lambda body, ids: controls.revoke(ids[0]),
            ("POST", "accounts/*/code"): lambda body, ids: {"code": controls.authorization_code(ids[0])},
            ("GET", "ledger/*"): lambda body, ids: controls.ledger(ids[0]),
            ("GET", "events/*"): lambda body, ids: controls.events(ids[0]),
            ("POST", "events/*/*/resend"): lambda body, ids: {"queued": controls.resend(ids[0], ids[1])},
            ("GET", "suppressed"): lambda body, ids: controls.suppressed(),
            ("GET", "mails"): lambda body, ids: controls.mails(),
            ("GET", "mails/*"): lambda body, ids: controls.mails(ids[0]),
            ("POST", "endpoints"): action_for(controls.add_webhook_endpoint, webhook_endpoints.make),
            ("POST", "endpoints/*/roll"): self._roll,
            ("POST", "invoices/*/*/pay"): action_for(controls.pay),
            ("POST", "debits/*/*/settle"): action_for(controls.settle_debit),
            ("POST", "refunds/*/*/settle"): action_for(controls.settle_refund),
            ("POST", "charges/*/*/dispute"): action_for(controls.open_dispute),
            ("POST", "disputes/*/*"): action_for(controls.move_dispute),
            ("GET", "balance/*"): lambda body, ids: controls.balance(ids[0]),
            ("POST", "payouts/*"): action_for(controls.pay_out),
            ("POST", "payouts/*/*/fail"): action_for(controls.fail_payout),
            ("POST", "payouts/*/*/cancel"): action_for(controls.cancel_payout),
            ("POST", "payouts/*/*/reverse"): action_for(controls.reverse_payout),
            ("POST", "charges/*/outside"): action_for(controls.outside_charge),
            ("POST", "charges/*/*/refund"): action_for(controls.refund_charge),
            ("POST", "fees/*"): action_for(controls.account_fee),
            ("POST", "adjustments/*"): action_for(controls.adjust),
            ("GET", "clock"): lambda body, ids: {"now": controls.clock.now()},
            ("POST", "clock/advance"): self._advance,
            ("GET", "delivery"): lambda body, ids: controls.set_delivery(),
            ("POST", "delivery"): action_for(controls.set_delivery),
            ("POST", "delivery/step"): lambda body, ids: controls.step(),
            ("POST", "delivery/drain"): lambda body, ids: {"tries": controls.drain()},
            ("GET", "deliveries"): lambda body, ids: self._deliveries(),
            ("POST", "faults"): action_for(controls.order_fault, Fault),
            ("DELETE", "faults"): lambda body, ids: controls.clear_faults(),
            ("POST", "rates"): action_for(controls.set_rates),
            ("GET", "requests"): lambda body, ids: self._requests(),
            ("DELETE", "requests"): lambda body, ids: controls.api.log.reset(),
        }

    def handle(self, request: Request) -> Response:
        """Returns the response to a request under /_double."""
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
        path_parts = path.split("/")
        for (route_method, template), action in self._routes.items():
            parts = template.split("/")
            if route_method == method and len(parts) == len(path_parts):
                pairs = list(zip(parts, path_parts, strict=True))
                if all(p in ("*", g) for p, g in pairs):
                    return action, [g for p, g in pairs if p == "*"]
        return None, []

    def _roll(self, body: dict[str, Any], ids: list[str]) -> dict[str, Any]:
        return {"secret": action_for(self._controls.roll_secret)(body, ids)}

    def _advance(self, body: dict[str, Any], ids: list[str]) -> dict[str, Any]:
        self._controls.wait_until_delivered()
        return {"happened": action_for(self._controls.advance)(body, ids), "now": self._controls.clock.now()}

    def _settings(self) -> dict[str, Any]:
        config = self._controls.config
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
        world = self._controls.world
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
        deliverer = self._controls.deliverer
        with self._controls.world.lock:
            queued_tasks = [vars(t) for t in sorted(deliverer.queue)]
            return {"log": list(deliverer.log), "queued": queued_tasks, "in_flight": deliverer.in_flight}

    def _requests(self) -> dict[str, Any]:
        log = self._controls.api.log
        return {"counts": log.counts(), "total": log.total(), "entries": log.entries()}
