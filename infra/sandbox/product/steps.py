"""The demo's story, in short: each act does something, and says what POM shows then."""

from __future__ import annotations

from typing import Any

from infra.sandbox.product.paying import INSUFFICIENT_FUNDS, NoBrowser, is_paid, pays, pays_on_the_hosted_page
from infra.sandbox.product.scene import NotAsAssumed, NotTried, Scene

FIRST, LOST = "first invoice", "invoice of the lost webhooks"
OUTSIDE, VOID = BATCH = ("invoice paid by check", "void invoice")
"""The two invoices of the batch."""
CUSTOMERS = ("cust_1", "cust_2")
TOLD_OF_PAYMENT = "invoice.paid"
ZONE = "America/New_York"
"""The time zone in which POM says days."""
PART = "20.00"
"""What is refunded from POM."""


def play(scene: Scene) -> None:
    """Plays all acts. One that needs an earlier one that failed is not tried."""
    for name, sentence, act in ACTS:
        scene.does(name, sentence, act)


def _settings(scene: Scene) -> str:
    wanted = {"invoiceType": "stripe", "paymentTerms": "net_15", "paymentMethods": ["card"], "memo": "Thank you.",
              "timeZone": ZONE}  # fmt: skip
    saved = scene.answered(scene.admin.call("PUT", "/settings/invoicing", wanted))
    return f"POM keeps {saved['paymentTerms']}."


def _customers(scene: Scene) -> str:
    for number, customer in enumerate(CUSTOMERS, 1):
        email = f"{scene.organization}-{number}@example.com"
        body = {"firstName": "Ann", "lastName": f"Sandbox {number}", "email": email}
        scene.answered(scene.office.call("PUT", f"/customers/{customer}", body))

    def synced() -> list[str]:
        return [each["syncStatus"] for each in scene.office.get("/customers")["data"]]

    scene.until(synced, lambda seen: seen == ["synced"] * len(CUSTOMERS), "both customers synced")
    return "Both customers are in Stripe."


def _billed(scene: Scene, name: str, *prices: str, send: bool = True) -> Any:
    """Creates an invoice with a line for each price. Returns it as POM shows it."""
    lines = [_service(f"{name}-{number}", price) for number, price in enumerate(prices, 1)]
    body = {"customerId": CUSTOMERS[0], "invoiceType": "stripe", "lineItems": lines, "send": send}
    key = f"{scene.organization}-{name}".replace(" ", "-")
    made = scene.answered(scene.office.create_invoice(body, key))
    scene.invoices[name] = made["id"]
    return made


def _service(service: str, price: str) -> dict[str, object]:
    service_id = service.replace(" ", "_")
    return {"serviceId": service_id, "description": "Pool cleaning", "quantity": "1", "unitPrice": price}


def _send(scene: Scene) -> str:
    draft = _billed(scene, FIRST, "75.00", "25.50", send=False)
    if (draft["status"], draft["total"]) != ("draft", "100.50"):
        raise NotAsAssumed(f"The draft is {draft['status']} over {draft['total']}.")
    scene.answered(scene.office.call("POST", f"/invoices/{draft['id']}/send"))
    sent = scene.becomes(FIRST, status="pending", balance="100.50")
    if not sent["paymentUrl"] or not sent["number"]:
        raise NotAsAssumed(f"The number is {sent['number']}, the link {sent['paymentUrl']}.")
    return f"{sent['number']} over {sent['total']} is pending, with a link."


def _declined(scene: Scene) -> str:
    told = pays(scene, FIRST, INSUFFICIENT_FUNDS)
    scene.becomes(FIRST, status="failed")

    def reason() -> str:
        failure = scene.invoice(FIRST)["failure"] or {}
        return str(failure.get("reason"))

    scene.until(reason, lambda seen: seen == "insufficient_funds", "the reason insufficient_funds")
    return f"Stripe declined with {told}; POM shows failed, insufficient_funds."


def _paid(scene: Scene) -> str:
    pays(scene, FIRST)
    scene.becomes(FIRST, status="paid", balance="0.00")
    return "POM shows paid, with no balance."


def _refund(scene: Scene) -> str:
    payments = [each for each in scene.invoice(FIRST)["payments"] if each["status"] == "succeeded"]
    if not payments:
        raise NotTried("There is no payment to refund, because an earlier step failed.")
    path, body = f"/payments/{payments[0]['id']}/refunds", {"amount": PART, "reason": "requested_by_customer"}
    key = f"{scene.organization}-refund"
    ordered = scene.answered(scene.admin.call("POST", path, body, idempotency_key=key))
    scene.becomes(FIRST, status="paid", refundedAmount=PART, partiallyRefunded=True)
    return f"The refund is {ordered['status']}; POM shows {PART} refunded."


def _refund_in_stripe(scene: Scene) -> str:
    payments = [each for each in scene.invoice(FIRST)["payments"] if each["status"] == "succeeded"]
    if not payments:
        raise NotTried("There is no payment to refund, because an earlier step failed.")
    params = {"payment_intent": payments[0]["id"], "metadata": scene.session.marks}
    scene.session.v1.refunds.create(params, scene.session.on_account(f"{scene.session.run}-product-refund"))
    scene.becomes(FIRST, status="refunded", refundedAmount="100.50")
    return "POM shows refunded, over the whole amount."


def _batch(scene: Scene) -> str:
    services = [{"customerId": each, **_service(f"batch {each}", "30.00")} for each in CUSTOMERS]
    key = f"{scene.organization}-batch"
    made = scene.answered(scene.office.call("POST", "/invoice-batches", {"services": services}, idempotency_key=key))
    path = f"/invoice-batches/{made['id']}"

    def sent() -> int:
        return int(scene.office.get(path)["counts"]["sent"])

    scene.until(sent, lambda seen: seen == len(CUSTOMERS), f"{len(CUSTOMERS)} sent")
    items = sorted(scene.office.get(path)["items"], key=lambda item: str(item["customerId"]))
    scene.invoices |= dict(zip(BATCH, (item["invoiceId"] for item in items), strict=True))
    return f"{len(items)} invoices were sent."


def _outside(scene: Scene) -> str:
    made = scene.invoice(OUTSIDE)
    body = {"method": "check", "reference": "No. 1042"}
    scene.answered(scene.office.call("POST", f"/invoices/{made['id']}/mark-paid", body))
    scene.becomes(OUTSIDE, status="paid", balance="0.00")
    return "POM shows paid, with no balance."


def _void(scene: Scene) -> str:
    made = scene.invoice(VOID)
    scene.answered(scene.office.call("POST", f"/invoices/{made['id']}/void"))
    scene.becomes(VOID, status="void")
    return "POM shows void."


def _hosted(scene: Scene) -> str:
    """All webhooks are lost meanwhile. If the page cannot be used, the invoice is paid by API all the same."""
    made = _billed(scene, LOST, "80.00")
    scene.listener.losing = True
    try:
        pays_on_the_hosted_page(str(made["paymentUrl"]))
        if not is_paid(scene, LOST):
            raise NotTried("The hosted page took the card, and Stripe does not say that the invoice is paid.")
    except NotTried as reason:
        if isinstance(reason, NoBrowser) or not is_paid(scene, LOST):
            pays(scene, LOST)
        raise
    return "Paid in Chromium by the link that POM shows."


def _lost(scene: Scene) -> str:
    made = scene.invoice(LOST)
    try:
        scene.until(lambda: scene.listener.lost, lambda lost: TOLD_OF_PAYMENT in lost, f"a lost {TOLD_OF_PAYMENT}")
    finally:
        scene.listener.losing = False
    before, lost = scene.invoice(LOST)["status"], len(scene.listener.lost)
    if before != "pending":
        raise NotAsAssumed(f"Before Refresh, with all webhooks lost, POM showed {before}.")
    scene.answered(scene.office.call("POST", "/stripe/connection/refresh"))

    def recovered() -> set[str]:
        log = scene.office.get(f"/invoices/{made['id']}/events?first=100")["data"]
        return {event["type"] for event in log if event["outcome"] == "recovered"}

    scene.until(recovered, bool, "recovered events")
    scene.becomes(LOST, status="paid")
    return f"{lost} webhooks were lost and POM showed {before}; after Refresh it shows paid, by recovered events."


ACTS = (
    ("settings", "The settings for invoicing are kept.", _settings),
    ("customers", "Customers saved in POM are in Stripe.", _customers),
    ("draft reviewed and sent", "A draft is made, and sent with a number and a link.", _send),
    ("declined payment", "A declined card makes the invoice failed, with the reason.", _declined),
    ("payment", "A card that is taken makes it paid.", _paid),
    ("refund from POM", "A partial refund ordered in POM is in Stripe and in POM.", _refund),
    ("refund in Stripe", "A refund made in Stripe makes the invoice refunded.", _refund_in_stripe),
    ("batch", "A batch of two customers is sent.", _batch),
    ("payment by check", "An invoice marked paid in POM is paid in Stripe.", _outside),
    ("void", "An invoice that is voided in POM is void.", _void),
    ("hosted page", "A payer pays by the link, in a browser.", _hosted),
    ("lost webhooks", "What no webhook brought is found by Refresh.", _lost),
)
