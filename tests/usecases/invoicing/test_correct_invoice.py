"""Tests corrections of issued invoices by a draft copy: the original is voided first, and no customer is billed
twice.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.errors import AccountUnreachable, Conflict, IntegrationError, NotFound, Refused
from chalicelib.domain.explanation import explain
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, ServiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import Step
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import summaries_by_currency
from chalicelib.usecases.connecting.freeze import freeze
from chalicelib.usecases.invoicing.correct_invoice import correct_invoice
from chalicelib.usecases.invoicing.edit_draft import edit_draft
from chalicelib.usecases.invoicing.invoices import send_invoice
from chalicelib.usecases.invoicing.invoicing_settings import change
from chalicelib.usecases.invoicing.settle_outside import give_up_if_due
from chalicelib.usecases.invoicing.successors import beside
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.oracle import differences
from tests.timelines import entries, kinds
from tests.usecases.invoicing.editing import edit_of as editing
from tests.world import ADMIN, OFFICE, ORGANIZATION, World

DAY = 86_400
OTHER = OrganizationId("org_green")


def correct(world: World, invoice: Invoice, *, confirmed: bool = True) -> Invoice:
    return correct_invoice(invoice.organization_id, invoice.id, ADMIN, world.ports, confirmed=confirmed)


def live_invoices_in_stripe(world: World, account: str) -> list[str]:
    return [each["id"] for each in world.in_stripe(account) if each["status"] != "void" and not each.get("_deleted")]


def copies(world: World) -> list[Invoice]:
    return [each for each in world.ports.database.invoices.values() if each.corrects is not None]


def number_of(invoice: Invoice) -> str:
    fact = invoice.facts.invoice
    assert fact is not None
    assert fact.number is not None
    return fact.number


def explanation(world: World, invoice: Invoice) -> str:
    invoice = world.now(invoice)
    return explain(invoice, world.ports.clock.now(), beside(invoice, world.ports))


# Effects


def test_a_correction_voids_the_original_and_copies_its_order_to_a_draft(world: World, account: str) -> None:
    original = world.invoice("svc_1", "svc_2", memo="Thank you.", payment_terms="net_15")
    copy = correct(world, original)
    assert (world.now(original).status, copy.status) == (InvoiceStatus.VOID, InvoiceStatus.DRAFT)
    assert copy.order == original.order
    assert copy.total == 15000
    assert live_invoices_in_stripe(world, account) == [copy.stripe_invoice_id]
    assert len(world.double.mails()) == 1  # the mail of the original: the correction is not mailed
    assert differences(world.double.ledger(account), world.ports.database.invoices.values()) == []


def test_the_original_and_its_copy_name_each_other_and_the_person_who_corrected(world: World, account: str) -> None:
    original = world.invoice()
    copy = correct(world, original)
    original = world.now(original)
    assert (copy.corrects, original.corrected_by) == (original.id, copy.id)
    assert (copy.corrected_by, original.corrects) == (None, None)
    assert sorted(kinds(original)[-2:]) == ["corrected", "voided"]
    assert {entry.actor for entry in entries(original, "voided", "corrected")} == {ADMIN}
    assert kinds(copy) == ["created_as_correction"]
    assert f"to correct it: nothing is to be paid. Its services are on the draft {copy.id} now." in explanation(
        world, original
    )
    assert f"the copy of the invoice {number_of(original)}, which was voided" in explanation(world, copy)


def test_the_copy_is_sent_like_any_draft_and_can_be_corrected_again(world: World, account: str) -> None:
    copy = correct(world, world.invoice())
    sent_copy = send_invoice(ORGANIZATION, copy.id, OFFICE, world.ports)
    assert sent_copy.status is InvoiceStatus.PENDING
    again = correct(world, sent_copy)
    assert again.id not in (copy.id, copy.corrects)
    assert live_invoices_in_stripe(world, account) == [again.stripe_invoice_id]


def test_a_repeated_correction_returns_the_same_copy(world: World, account: str) -> None:
    original = world.invoice()
    copy = correct(world, original)
    assert correct(world, original) == world.now(copy)
    assert len(copies(world)) == 1


def test_a_failed_and_an_uncollectible_invoice_can_be_corrected(world: World, account: str) -> None:
    change(ORGANIZATION, replace(world.ports.settings.get(ORGANIZATION), payment_window=1), world.ports)
    failed_invoice, uncollectible = world.invoice("svc_1"), world.invoice("svc_2", payment_terms="due_on_receipt")
    world.double.pay(account, str(failed_invoice.stripe_invoice_id), "pm_card_chargeDeclined")
    world.advance(4 * DAY)
    give_up_if_due(ORGANIZATION, uncollectible.id, world.ports)
    world.deliver()
    statuses = [world.now(each).status for each in (failed_invoice, uncollectible)]
    assert statuses == [InvoiceStatus.FAILED, InvoiceStatus.UNCOLLECTIBLE]
    assert [correct(world, each).status for each in (failed_invoice, uncollectible)] == [InvoiceStatus.DRAFT] * 2


def test_an_invoice_with_more_services_than_one_transaction_claims_can_be_corrected(
    world: World, account: str
) -> None:
    original = world.invoice(*(f"svc_{number}" for number in range(200)))
    copy = correct(world, original)
    holders = {holder for (_, service), holder in world.ports.database.claims.items()}
    assert (copy.status, holders) == (InvoiceStatus.DRAFT, {copy.id})


def test_a_copy_gets_the_payment_terms_of_the_settings_if_the_due_date_has_passed(world: World, account: str) -> None:
    change(ORGANIZATION, InvoicingSettings(ORGANIZATION, payment_terms="net_7"), world.ports)
    today = dt.datetime.fromtimestamp(world.ports.clock.now(), dt.UTC).date()
    late = world.invoice("svc_1", due_date=today + dt.timedelta(days=1))
    ahead = world.invoice("svc_2", due_date=today + dt.timedelta(days=30))
    world.advance(5 * DAY)
    copy = correct(world, world.now(late))
    assert (copy.order.due_date, copy.order.payment_terms, copy.due_by_terms) == (None, "net_7", True)
    assert send_invoice(ORGANIZATION, copy.id, OFFICE, world.ports).due_day == today + dt.timedelta(days=12)
    assert correct(world, world.now(ahead)).due_day == today + dt.timedelta(days=30)


# Confirmations and refusals


def test_an_unconfirmed_correction_is_refused_and_describes_its_consequences(world: World, account: str) -> None:
    invoice = world.invoice()
    before = world.now(invoice)
    with pytest.raises(Conflict) as refusal:
        correct(world, invoice, confirmed=False)
    assert refusal.value.code == "confirmation_missing"
    assert str(invoice.facts.invoice and invoice.facts.invoice.number) in refusal.value.message
    assert "mailed on 15 January 2027" in refusal.value.message
    assert "payment link stops working" in refusal.value.message
    assert "does not tell the customer" in refusal.value.message
    assert world.now(invoice) == before
    assert copies(world) == []


def test_the_confirmation_message_names_differences_between_original_and_copy(world: World, account: str) -> None:
    today = dt.datetime.fromtimestamp(world.ports.clock.now(), dt.UTC).date()
    invoice = world.invoice(due_date=today)
    world.advance(2 * DAY)
    with pytest.raises(Conflict) as refusal:
        correct(world, world.now(invoice), confirmed=False)
    assert "has passed: the copy has the settings' payment terms" in refusal.value.message


@pytest.mark.parametrize(
    ("become", "code", "advice"),
    [
        ("draft", "invoice_not_issued", "PUT"),
        ("paid", "invoice_not_correctable", "Refund"),
        ("void", "invoice_not_correctable", "Bill its services again"),
    ],
)
def test_a_draft_and_a_paid_and_a_void_invoice_cannot_be_corrected(
    become: str, code: str, advice: str, world: World, account: str
) -> None:
    invoice = world.invoice(send=become != "draft")
    if become == "paid":
        world.double.pay(account, str(invoice.stripe_invoice_id))
        world.deliver()
    if become == "void":
        void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    with pytest.raises(Conflict) as refusal:
        correct(world, world.now(invoice))
    assert refusal.value.code == code
    assert advice in str(refusal.value.next_step)
    assert copies(world) == []


def test_a_deleted_copy_is_not_created_again(world: World, account: str) -> None:
    original = world.invoice()
    void_invoice(ORGANIZATION, correct(world, original).id, OFFICE, world.ports)
    with pytest.raises(Conflict) as refusal:
        correct(world, original)
    assert refusal.value.code == "invoice_not_correctable"
    assert refusal.value.next_step == "Bill its services again."
    assert explanation(world, original).endswith(
        "to correct it: nothing is to be paid. Its services can be billed again."
    )
    again = world.invoice()
    assert again.status is InvoiceStatus.PENDING
    assert f"Its services are on the invoice {number_of(again)} now." in explanation(world, original)
    with pytest.raises(Conflict) as refusal:
        correct(world, original)
    assert (
        refusal.value.next_step == f"Its services are on the invoice {number_of(again)} now. Open that one instead."
    )


def test_the_explanation_names_the_last_copy_after_a_second_correction(world: World, account: str) -> None:
    original = world.invoice("svc_1", "svc_2")
    copy = correct(world, original)
    send_invoice(ORGANIZATION, copy.id, OFFICE, world.ports)
    world.advance(60)
    assert f"on the invoice {number_of(world.now(copy))} now" in explanation(world, original)
    last = correct(world, copy)
    assert f"Its services are on the draft {last.id} now." in explanation(world, original)
    assert f"Its services are on the draft {last.id} now." in explanation(world, copy)


def test_the_explanation_says_which_services_can_be_billed_again(world: World, account: str) -> None:
    original = world.invoice("svc_1", "svc_2")
    copy = correct(world, original)
    edit_draft(editing(copy, "svc_1"), world.ports)
    assert f"Some of its services are on the draft {copy.id} now. The others can be billed again." in explanation(
        world, original
    )


def test_a_voided_invoice_names_the_invoice_that_bills_its_services_now(world: World, account: str) -> None:
    void = world.invoice("svc_1")
    void_invoice(ORGANIZATION, void.id, OFFICE, world.ports)
    assert explanation(world, void).endswith("nothing is to be paid. Its services can be billed again.")
    again = world.invoice("svc_1")
    assert explanation(world, void).endswith(f"Its services are on the invoice {number_of(again)} now.")
    with pytest.raises(Conflict) as refusal:
        send_invoice(ORGANIZATION, void.id, OFFICE, world.ports)
    assert number_of(again) in str(refusal.value.next_step)


def test_the_original_is_not_voided_while_the_copy_could_not_be_sent(world: World, account: str) -> None:
    original = world.invoice()
    world.double.update_account(account, charges_enabled=False)
    world.deliver()
    for confirmed in (False, True):
        with pytest.raises(Refused) as refusal:
            correct(world, original, confirmed=confirmed)
        assert refusal.value.code == "stripe_account_not_ready"
    assert (world.now(original).status, copies(world)) == (InvoiceStatus.PENDING, [])


def test_an_unreported_payment_prevents_a_correction(world: World, account: str) -> None:
    invoice = world.invoice()
    world.double.pay(account, str(invoice.stripe_invoice_id))
    with pytest.raises(Conflict) as refusal:
        correct(world, invoice)
    assert (refusal.value.code, copies(world)) == ("invoice_not_voidable", [])
    original = world.now(invoice)
    assert original.status is InvoiceStatus.PAID
    assert original.corrected_by is None
    assert [entry.reason for entry in entries(original, "correction_refused")] == ["invoice_not_voidable"]
    assert world.ports.database.claims[(ORGANIZATION, ServiceId("svc_1"))] == invoice.id


def test_a_pending_bank_debit_prevents_a_correction(world: World, account: str) -> None:
    invoice = world.invoice()
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_usBankAccount_success")
    world.deliver()
    with pytest.raises(Conflict) as refusal:
        correct(world, world.now(invoice))
    assert (refusal.value.code, copies(world)) == ("payment_under_way", [])
    assert world.now(invoice).live


def test_a_partial_payment_prevents_a_correction(world: World, account: str) -> None:
    invoice = world.invoice()
    world.double.pay(account, str(invoice.stripe_invoice_id), amount=2500)
    with pytest.raises(Conflict) as refusal:
        correct(world, invoice)
    assert (refusal.value.code, copies(world)) == ("invoice_not_voidable", [])
    assert "25.00 USD" in refusal.value.message


def test_no_invoice_is_corrected_while_invoicing_is_paused(world: World, account: str) -> None:
    invoice = world.invoice()
    freeze(ORGANIZATION, "ops@example.test", "A customer was billed wrongly.", world.ports)
    with pytest.raises(Conflict) as refusal:
        correct(world, invoice)
    assert (refusal.value.code, world.now(invoice).live, copies(world)) == ("invoicing_frozen", True, [])


def test_an_invoice_of_a_former_account_cannot_be_corrected(world: World, account: str) -> None:
    invoice = world.invoice()
    world.connect(account=world.account())
    with pytest.raises(Conflict) as refusal:
        correct(world, invoice)
    assert (refusal.value.code, copies(world)) == ("invoice_of_other_account", [])


def test_an_invoice_of_a_customer_without_an_email_cannot_be_corrected(world: World, account: str) -> None:
    invoice = world.invoice()
    world.customer(email=None)
    with pytest.raises(Refused) as refusal:
        correct(world, invoice)
    assert (refusal.value.code, world.now(invoice).live, copies(world)) == ("customer_email_missing", True, [])


def test_an_invoice_of_another_organization_cannot_be_corrected(world: World, account: str) -> None:
    invoice = world.invoice()
    world.connect(OTHER)
    with pytest.raises(NotFound):
        correct_invoice(OTHER, invoice.id, ADMIN, world.ports, confirmed=True)
    with pytest.raises(NotFound):
        correct_invoice(ORGANIZATION, InvoiceId("inv_unknown"), ADMIN, world.ports, confirmed=True)
    assert world.now(invoice).live


def test_services_billed_between_the_void_and_the_copy_stay_on_their_new_invoice(world: World, account: str) -> None:
    """The original stays void, and its timeline says that there is no copy."""
    original = world.invoice("svc_1")
    claim, rivals = world.ports.invoices.claim, []

    def bill_before_claim(*args: object) -> None:
        if not rivals:
            rivals.append(world.invoice("svc_1"))
        claim(*args)  # type: ignore[arg-type]

    world.ports.invoices.claim = bill_before_claim  # type: ignore[method-assign]
    with pytest.raises(Conflict) as refusal:
        correct(world, original)
    assert refusal.value.code == "service_already_billed"
    original = world.now(original)
    assert (original.status, original.corrected_by, copies(world)) == (InvoiceStatus.VOID, None, [])
    assert kinds(original)[-1] == "correction_refused"
    assert live_invoices_in_stripe(world, account) == [rivals[0].stripe_invoice_id]
    assert world.ports.database.claims[(ORGANIZATION, ServiceId("svc_1"))] == rivals[0].id


# Interruptions


def test_a_crash_anywhere_in_a_correction_leaves_one_payable_invoice(world: World, account: str) -> None:
    """Stripe never has two payable invoices, neither after the crash nor before the resume. In the end it has the
    copy.
    """
    original = world.invoice("svc_1", "svc_2")
    boundaries = count_calls(world)
    correct(world, original)
    for number in range(len(boundaries.calls)):
        for after in (False, True):
            each = World()
            account = each.connect()
            each.customer()
            original = each.invoice("svc_1", "svc_2")
            count_calls(each, fatal=number, after=after)
            with suppress(ProcessKilled, IntegrationError):
                correct(each, original)
            stop_counting(each)
            assert len(live_invoices_in_stripe(each, account)) <= 1, (number, after)
            for _ in range(3):
                each.advance(3601)
                each.deliver()
                each.resume()
                assert len(live_invoices_in_stripe(each, account)) <= 1, (number, after)
            copy = correct(each, original)
            assert copy.status is InvoiceStatus.DRAFT, (number, after, boundaries.calls[number])
            assert live_invoices_in_stripe(each, account) == [copy.stripe_invoice_id]
            assert kinds(each.now(original)).count("corrected") == 1, (number, after)
            assert kinds(each.now(original)).count("voided") == 1, (number, after)


def test_a_copy_that_waits_for_the_void_is_not_counted_in_the_summary(world: World, account: str) -> None:
    original = world.invoice()
    world.double.order_fault("error_before", method="POST", path=f"/v1/invoices/{original.stripe_invoice_id}/void")
    copy = correct(world, original)
    assert (copy.saga.step, copy.status) == (Step.REPLACE, InvoiceStatus.CREATING)
    assert counts_by_status(world) == {InvoiceStatus.PENDING: 1}
    world.double.clear_faults()
    world.advance(3601)
    world.resume()
    assert counts_by_status(world) == {InvoiceStatus.VOID: 1, InvoiceStatus.DRAFT: 1}


def counts_by_status(world: World) -> dict[InvoiceStatus, int]:
    [usd] = summaries_by_currency(world.ports.database.tallies[ORGANIZATION])
    return {status: tally.invoices for status, tally in usd.by_status.items() if tally.invoices}


def test_a_correction_resumes_after_a_reconnect(world: World, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The original is already void, so the copy is not taken back."""
    original, create_draft = world.invoice(), world.ports.stripe.create_draft

    def revoke_and_create(*request: Any) -> Any:
        world.double.revoke(account)
        return create_draft(*request)

    monkeypatch.setattr(world.ports.stripe, "create_draft", revoke_and_create)
    with pytest.raises(AccountUnreachable):
        correct(world, original)
    monkeypatch.undo()
    assert live_invoices_in_stripe(world, account) == []
    world.connect(account=account)
    world.advance(3601)
    world.resume()
    assert correct(world, original).status is InvoiceStatus.DRAFT


def test_a_copy_whose_total_stripe_changes_is_kept_as_a_draft(
    world: World, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is kept because nobody could request it again: the original is void."""
    original = world.invoice()
    owner: Any = {"stripe_account": account}
    coupon = world.client.v1.coupons.create({"amount_off": 500, "currency": "usd", "duration": "once"}, owner)
    with_discount: Any = {"discounts": [{"coupon": coupon.id}]}
    create_draft = world.ports.stripe.create_draft

    def create_with_discount(*request: Any) -> Any:
        """Creates the draft and has Stripe take off a discount automatically."""
        draft = create_draft(*request)
        world.client.v1.invoices.update(draft.id, with_discount, owner)
        return draft

    monkeypatch.setattr(world.ports.stripe, "create_draft", create_with_discount)
    with pytest.raises(Refused) as refusal:
        correct(world, original)
    assert refusal.value.code == "total_differs"
    [copy] = copies(world)
    assert (copy.status, copy.saga.step) == (InvoiceStatus.DRAFT, Step.REVIEW)
