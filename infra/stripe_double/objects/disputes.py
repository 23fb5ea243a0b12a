"""Disputes: opened by a test card or a control, changed by evidence, by close, or by a control
(docs.stripe.com/disputes).
"""

from __future__ import annotations

from ..clock import DAY
from ..errors import InvalidState
from ..state.ledger import JSON, Ledger
from ..state.world import World
from . import balance_transactions, lists, money, rules
from .call import Call, Route

_EVIDENCE = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation", "duplicate_charge_explanation",
    "duplicate_charge_id", "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address", "shipping_carrier",
    "shipping_date", "shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
)  # fmt: skip
_NETWORK = {"inquiry": "10", "product_not_received": "13.1"}
"""Visa's reason codes as recorded, by reason. All other reasons have the code for fraud."""
_BY_EVIDENCE = {
    "winning_evidence": "won", "losing_evidence": "lost", "escalate_inquiry_evidence": "needs_response",
}  # fmt: skip
"""The status that evidence leads to in test mode, by its `uncategorized_text`
(https://docs.stripe.com/testing#evidence).
"""
CLOSED = ("won", "lost", "warning_closed", "prevented")
APPEALED = ("appeal_needs_response", "appeal_under_review")
STATUSES = ("warning_needs_response", "warning_under_review", "needs_response", "under_review", *APPEALED, *CLOSED)


def open_dispute(
    world: World,
    ledger: Ledger,
    charge: JSON,
    reason: str = "fraudulent",
    amount: int | None = None,
    currency: str | None = None,
) -> JSON:
    """Opens a dispute of a charge, as the payer's bank does, and returns it. An `inquiry` takes no money yet.

    The amount may be in the bank's currency. It may be the whole charge although a part was refunded
    (https://support.stripe.com/questions/dispute-for-full-charge-amount-after-a-partial-refund-was-issued).

    Raises InvalidState if the charge did not succeed.
    """
    if charge["status"] != "succeeded":
        raise InvalidState("Only a charge that succeeded can be disputed.")
    inquiry = reason == "inquiry"
    now = world.now()
    details = charge["payment_method_details"]
    dispute: JSON = {
        "id": f"du_1{world.ids.token(23)}",
        "object": "dispute",
        "amount": amount or charge["amount"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": money.currency(currency or charge["currency"]),
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": (now // DAY + 9) * DAY - 1,  # the end of the eighth day from today, as recorded
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": "manual",
        "is_charge_refundable": inquiry,
        "livemode": ledger.livemode,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": "general" if inquiry else reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }
    if details["type"] == "card":
        brand = details["card"]["brand"]
        case = "inquiry" if inquiry else "chargeback"
        card = {
            "brand": brand,
            "case_type": case,
            "network": brand,
            "network_reason_code": _NETWORK.get(reason, "10.4"),
        }
        dispute["payment_method_details"] = {"card": card, "type": "card"}
    ledger.add(dispute)
    charge["disputed"] = True
    world.emit(ledger, "charge.dispute.created", dispute)
    if not inquiry:
        _withdraw(world, ledger, dispute, charge)
    return dispute


def move(world: World, ledger: Ledger, dispute: JSON, status: str) -> JSON:
    """Moves a dispute to another status, emits the events of that step, and returns the dispute.

    Raises InvalidState for a closed dispute. Only a lost one may be appealed.
    """
    if status not in STATUSES:
        raise InvalidState(f"{status} is not a status of disputes")
    is_appeal = dispute["status"] == "lost" and status in APPEALED
    if dispute["status"] in CLOSED and not is_appeal:
        raise InvalidState("This dispute is already closed")
    charge = ledger.get("charge", dispute["charge"])
    before = world.snapshot(ledger, dispute)
    inquiry = dispute["status"].startswith("warning")
    dispute["status"] = status
    if inquiry and status in ("needs_response", "lost") and not dispute["balance_transactions"]:
        dispute["is_charge_refundable"] = False
        _withdraw(world, ledger, dispute, charge)
    if status in CLOSED:
        if status == "won" and dispute["balance_transactions"]:
            returned = balance_transactions.of_won_dispute(world, ledger, charge, dispute)
            dispute["balance_transactions"] = [*dispute["balance_transactions"], returned]
            charge.pop("_charged_back", None)
            dispute["is_charge_refundable"] = True
            world.emit(ledger, "charge.dispute.funds_reinstated", dispute)
        elif status == "warning_closed":
            dispute["is_charge_refundable"] = True
        world.emit(ledger, "charge.dispute.closed", dispute)
    else:
        world.emit_updated(ledger, dispute, before, "charge.dispute.updated")
    return dispute


def retrieve(call: Call) -> JSON:
    """Handles GET /v1/disputes/{id}."""
    return call.ledger.get("dispute", call.id)


def list_(call: Call) -> JSON:
    """Handles GET /v1/disputes."""
    disputes = lists.filter_by_created(
        call, lists.filter_by_fields(call, call.ledger.all("dispute"), "charge", "payment_intent")
    )
    return lists.page(call, disputes, "/v1/disputes", kind="dispute")


def update(call: Call) -> JSON:
    """Handles POST /v1/disputes/{id}: stages or submits evidence. Submitted evidence is then under review.

    In test mode, certain words decide the dispute `Config.evidence_seconds` later.
    """
    world, ledger = call.world, call.ledger
    dispute = ledger.get("dispute", call.id)
    if dispute["status"] in CLOSED:
        raise InvalidState("This dispute is already closed")
    before = world.snapshot(ledger, dispute)
    dispute["metadata"] = rules.metadata(dispute["metadata"], call.params.get("metadata"))
    evidence = call.params.get("evidence")
    if evidence:
        dispute["evidence"] = {**dispute["evidence"], **{k: v or None for k, v in evidence.items()}}
        dispute["evidence_details"] = {**dispute["evidence_details"], "has_evidence": True}
    submit = call.params.get("submit", bool(evidence))
    if not submit:
        world.emit_updated(ledger, dispute, before, "charge.dispute.updated")
        return dispute
    details = dispute["evidence_details"]
    dispute["evidence_details"] = {
        **details, "submission_count": details["submission_count"] + 1, "submission_method": "manual",
    }  # fmt: skip
    reviewing = "warning_under_review" if dispute["status"].startswith("warning") else "under_review"
    dispute["status"] = reviewing
    world.emit_updated(ledger, dispute, before, "charge.dispute.updated")
    world.emit(ledger, "charge.updated", ledger.get("charge", dispute["charge"]))
    decision = _BY_EVIDENCE.get(dispute["evidence"]["uncategorized_text"])
    if decision is not None:
        later = world.config.evidence_seconds
        world.scheduler.after(later, "evidence", dispute["id"], lambda: _decide(world, ledger, dispute, decision))
    return dispute


def _decide(world: World, ledger: Ledger, dispute: JSON, status: str) -> None:
    if dispute["status"].endswith("under_review"):  # it may have been closed since the evidence was submitted
        move(world, ledger, dispute, status)


def close(call: Call) -> JSON:
    """Handles POST /v1/disputes/{id}/close: the account accepts the loss."""
    dispute = move(call.world, call.ledger, call.ledger.get("dispute", call.id), "lost")
    call.world.emit(call.ledger, "charge.updated", call.ledger.get("charge", dispute["charge"]))
    return dispute


def _withdraw(world: World, ledger: Ledger, dispute: JSON, charge: JSON) -> None:
    transaction = balance_transactions.of_dispute(world, ledger, charge, dispute)
    dispute["balance_transactions"] = [*dispute["balance_transactions"], transaction]
    charge["_charged_back"] = True
    world.emit(ledger, "charge.dispute.funds_withdrawn", dispute)


ROUTES = [
    Route("GET", "/v1/disputes", "DisputeListParams", list_),
    Route("GET", "/v1/disputes/{id}", "DisputeRetrieveParams", retrieve),
    Route("POST", "/v1/disputes/{id}", "DisputeUpdateParams", update),
    Route("POST", "/v1/disputes/{id}/close", "DisputeCloseParams", close),
]
