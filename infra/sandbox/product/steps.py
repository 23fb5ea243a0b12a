"""The steps of the product's run, a short form of the demo. Each acts on POM or Stripe, and returns what POM
shows.
"""

from __future__ import annotations

from typing import Any

from infra.sandbox.product.paying import INSUFFICIENT_FUNDS, NoBrowser, is_paid, pay_by_api, pay_on_hosted_page
from infra.sandbox.product.scene import NotAsAssumed, NotTried, Scene

FIRST_INVOICE, LOST_WEBHOOKS_INVOICE = "first invoice", "invoice of the lost webhooks"
CHECK_INVOICE, VOIDED_INVOICE = BATCH = ("invoice paid by check", "void invoice")
"""The two invoices of the batch."""
CUSTOMERS = ("cust_1", "cust_2")
PAID_EVENT = "invoice.paid"
TIME_ZONE = "America/New_York"
"""The time zone of POM's dates."""
REFUND_AMOUNT = "20.00"
"""The amount of the refund from POM."""


def run_all(scene: Scene) -> None:
    """Runs all steps. A step that needs a failed step is not tried."""
    for name, sentence, act in STEPS:
        scene.run_step(name, sentence, act)


def _save_settings(scene: Scene) -> str:
    settings = {"invoiceType": "stripe", "paymentTerms": "net_15", "paymentMethods": ["card"], "memo": "Thank you.",
              "timeZone": TIME_ZONE}  # fmt: skip
    saved = scene.require_success(scene.admin.call("PUT", "/settings/invoicing", settings))
    return f"POM keeps {saved['paymentTerms']}."


def _save_customers(scene: Scene) -> str:
    for number, customer in enumerate(CUSTOMERS, 1):
        email = f"{scene.organization}-{number}@example.com"
        body = {"firstName": "Ann", "lastName": f"Sandbox {number}", "email": email}
        scene.require_success(scene.office.call("PUT", f"/customers/{customer}", body))

    def sync_statuses() -> list[str]:
        return [each["syncStatus"] for each in scene.office.get("/customers")["data"]]

    scene.wait_until(sync_statuses, lambda seen: seen == ["synced"] * len(CUSTOMERS), "both customers synced")
    return "Both customers are in Stripe."


def _create_invoice(scene: Scene, name: str, *prices: str, send: bool = True) -> Any:
    """Creates an invoice with one line for each price. Returns POM's response."""
    lines = [_service(f"{name}-{number}", price) for number, price in enumerate(prices, 1)]
    body = {"customerId": CUSTOMERS[0], "invoiceType": "stripe", "lineItems": lines, "send": send}
    key = f"{scene.organization}-{name}".replace(" ", "-")
    invoice = scene.require_success(scene.office.create_invoice(body, key))
    scene.invoices[name] = invoice["id"]
    return invoice


def _service(service: str, price: str) -> dict[str, object]:
    service_id = service.replace(" ", "_")
    return {"serviceId": service_id, "description": "Pool cleaning", "quantity": "1", "unitPrice": price}


def _send_draft(scene: Scene) -> str:
    draft = _create_invoice(scene, FIRST_INVOICE, "75.00", "25.50", send=False)
    if (draft["status"], draft["total"]) != ("draft", "100.50"):
        raise NotAsAssumed(f"The draft is {draft['status']} over {draft['total']}.")
    scene.require_success(scene.office.call("POST", f"/invoices/{draft['id']}/send"))
    invoice = scene.wait_for_invoice(FIRST_INVOICE, status="pending", balance="100.50")
    if not invoice["paymentUrl"] or not invoice["number"]:
        raise NotAsAssumed(f"The number is {invoice['number']}, the link {invoice['paymentUrl']}.")
    return f"{invoice['number']} over {invoice['total']} is pending, with a link."


def _decline_card(scene: Scene) -> str:
    decline_code = pay_by_api(scene, FIRST_INVOICE, INSUFFICIENT_FUNDS)
    scene.wait_for_invoice(FIRST_INVOICE, status="failed")

    def reason() -> str:
        failure = scene.invoice(FIRST_INVOICE)["failure"] or {}
        return str(failure.get("reason"))

    scene.wait_until(reason, lambda seen: seen == "insufficient_funds", "the reason insufficient_funds")
    return f"Stripe declined with {decline_code}; POM shows failed, insufficient_funds."


def _pay_by_card(scene: Scene) -> str:
    pay_by_api(scene, FIRST_INVOICE)
    scene.wait_for_invoice(FIRST_INVOICE, status="paid", balance="0.00")
    return "POM shows paid, with no balance."


def _refund_from_pom(scene: Scene) -> str:
    payments = [each for each in scene.invoice(FIRST_INVOICE)["payments"] if each["status"] == "succeeded"]
    if not payments:
        raise NotTried("There is no payment to refund, because an earlier step failed.")
    path, body = (
        f"/payments/{payments[0]['id']}/refunds",
        {"amount": REFUND_AMOUNT, "reason": "requested_by_customer"},
    )
    key = f"{scene.organization}-refund"
    refund = scene.require_success(scene.admin.call("POST", path, body, idempotency_key=key))
    scene.wait_for_invoice(FIRST_INVOICE, status="paid", refundedAmount=REFUND_AMOUNT, partiallyRefunded=True)
    return f"The refund is {refund['status']}; POM shows {REFUND_AMOUNT} refunded."


def _refund_in_stripe(scene: Scene) -> str:
    payments = [each for each in scene.invoice(FIRST_INVOICE)["payments"] if each["status"] == "succeeded"]
    if not payments:
        raise NotTried("There is no payment to refund, because an earlier step failed.")
    params = {"payment_intent": payments[0]["id"], "metadata": scene.session.marks}
    scene.session.v1.refunds.create(params, scene.session.on_account(f"{scene.session.run}-product-refund"))
    scene.wait_for_invoice(FIRST_INVOICE, status="refunded", refundedAmount="100.50")
    return "POM shows refunded, over the whole amount."


def _send_batch(scene: Scene) -> str:
    services = [{"customerId": each, **_service(f"batch {each}", "30.00")} for each in CUSTOMERS]
    key = f"{scene.organization}-batch"
    batch = scene.require_success(
        scene.office.call("POST", "/invoice-batches", {"services": services}, idempotency_key=key)
    )
    path = f"/invoice-batches/{batch['id']}"

    def sent_count() -> int:
        return int(scene.office.get(path)["counts"]["sent"])

    scene.wait_until(sent_count, lambda seen: seen == len(CUSTOMERS), f"{len(CUSTOMERS)} sent")
    items = sorted(scene.office.get(path)["items"], key=lambda item: str(item["customerId"]))
    scene.invoices |= dict(zip(BATCH, (item["invoiceId"] for item in items), strict=True))
    return f"{len(items)} invoices were sent."


def _mark_paid(scene: Scene) -> str:
    invoice = scene.invoice(CHECK_INVOICE)
    body = {"method": "check", "reference": "No. 1042"}
    scene.require_success(scene.office.call("POST", f"/invoices/{invoice['id']}/mark-paid", body))
    scene.wait_for_invoice(CHECK_INVOICE, status="paid", balance="0.00")
    return "POM shows paid, with no balance."


def _void_invoice(scene: Scene) -> str:
    invoice = scene.invoice(VOIDED_INVOICE)
    scene.require_success(scene.office.call("POST", f"/invoices/{invoice['id']}/void"))
    scene.wait_for_invoice(VOIDED_INVOICE, status="void")
    return "POM shows void."


def _pay_by_link(scene: Scene) -> str:
    """Drops all webhooks meanwhile. If the page cannot be used, the invoice is paid by API instead."""
    invoice = _create_invoice(scene, LOST_WEBHOOKS_INVOICE, "80.00")
    scene.listener.losing = True
    try:
        pay_on_hosted_page(str(invoice["paymentUrl"]))
        if not is_paid(scene, LOST_WEBHOOKS_INVOICE):
            raise NotTried("The hosted page took the card, and Stripe does not say that the invoice is paid.")
    except NotTried as reason:
        if isinstance(reason, NoBrowser) or not is_paid(scene, LOST_WEBHOOKS_INVOICE):
            pay_by_api(scene, LOST_WEBHOOKS_INVOICE)
        raise
    return "Paid in Chromium by the link that POM shows."


def _recover_lost_webhooks(scene: Scene) -> str:
    invoice = scene.invoice(LOST_WEBHOOKS_INVOICE)
    try:
        scene.wait_until(
            lambda: scene.listener.lost, lambda lost_count: PAID_EVENT in lost_count, f"a lost {PAID_EVENT}"
        )
    finally:
        scene.listener.losing = False
    status, lost_count = scene.invoice(LOST_WEBHOOKS_INVOICE)["status"], len(scene.listener.lost)
    if status != "pending":
        raise NotAsAssumed(f"Before Refresh, with all webhooks lost, POM showed {status}.")
    scene.require_success(scene.office.call("POST", "/stripe/connection/refresh"))

    def recovered_types() -> set[str]:
        log = scene.office.get(f"/invoices/{invoice['id']}/events?first=100")["data"]
        return {event["type"] for event in log if event["outcome"] == "recovered"}

    scene.wait_until(recovered_types, bool, "recovered events")
    scene.wait_for_invoice(LOST_WEBHOOKS_INVOICE, status="paid")
    return (
        f"{lost_count} webhooks were lost and POM showed {status}; after Refresh it shows paid, by recovered events."
    )


STEPS = (
    ("settings", "The settings for invoicing are kept.", _save_settings),
    ("customers", "Customers saved in POM are in Stripe.", _save_customers),
    ("draft reviewed and sent", "A draft is made, and sent with a number and a link.", _send_draft),
    ("declined payment", "A declined card makes the invoice failed, with the reason.", _decline_card),
    ("payment", "A card that is taken makes it paid.", _pay_by_card),
    ("refund from POM", "A partial refund ordered in POM is in Stripe and in POM.", _refund_from_pom),
    ("refund in Stripe", "A refund made in Stripe makes the invoice refunded.", _refund_in_stripe),
    ("batch", "A batch of two customers is sent.", _send_batch),
    ("payment by check", "An invoice marked paid in POM is paid in Stripe.", _mark_paid),
    ("void", "An invoice that is voided in POM is void.", _void_invoice),
    ("hosted page", "A payer pays by the link, in a browser.", _pay_by_link),
    ("lost webhooks", "What no webhook brought is found by Refresh.", _recover_lost_webhooks),
)
