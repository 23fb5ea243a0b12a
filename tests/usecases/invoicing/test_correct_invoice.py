"""An issued invoice is corrected by a draft copy: the original is voided first, and nobody is billed twice."""

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
from tests.usecases.invoicing.editing import change as editing
from tests.world import ADMIN, OFFICE, ORGANIZATION, World

DAY = 86_400
OTHER = OrganizationId("org_green")


def corrected(world: World, invoice: Invoice, *, confirmed: bool = True) -> Invoice:
    return correct_invoice(invoice.organization_id, invoice.id, ADMIN, world.ports, confirmed=confirmed)


def live_in_stripe(world: World, account: str) -> list[str]:
    return [each["id"] for each in world.in_stripe(account) if each["status"] != "void" and not each.get("_deleted")]


def copies(world: World) -> list[Invoice]:
    return [each for each in world.ports.database.invoices.values() if each.corrects is not None]


def number(invoice: Invoice) -> str:
    fact = invoice.facts.invoice
    assert fact is not None
    assert fact.number is not None
    return fact.number


def explained(world: World, invoice: Invoice) -> str:
    invoice = world.now(invoice)
    return explain(invoice, world.ports.clock.now(), beside(invoice, world.ports))


# What it does


def test_the_original_is_void_and_its_draft_copy_has_all_that_was_ordered(world: World, account: str) -> None:
    original = world.invoice("svc_1", "svc_2", memo="Thank you.", payment_terms="net_15")
    copy = corrected(world, original)
    assert (world.now(original).status, copy.status) == (InvoiceStatus.VOID, InvoiceStatus.DRAFT)
    assert copy.order == original.order
    assert copy.total == 15000
    assert live_in_stripe(world, account) == [copy.stripe_invoice_id]
    assert len(world.double.mails()) == 1  # that of the original: nobody was told of the correction
    assert differences(world.double.ledger(account), world.ports.database.invoices.values()) == []


def test_both_invoices_name_each_other_and_their_timelines_tell_who_corrected_it(world: World, account: str) -> None:
    original = world.invoice()
    copy = corrected(world, original)
    original = world.now(original)
    assert (copy.corrects, original.corrected_by) == (original.id, copy.id)
    assert (copy.corrected_by, original.corrects) == (None, None)
    assert sorted(kinds(original)[-2:]) == ["corrected", "voided"]
    assert {entry.actor for entry in entries(original, "voided", "corrected")} == {ADMIN}
    assert kinds(copy) == ["created_as_correction"]
    assert f"to correct it: nothing is to be paid. Its services are on the draft {copy.id} now." in explained(
        world, original
    )
    assert f"the copy of the invoice {number(original)}, which was voided" in explained(world, copy)


def test_the_copy_is_sent_like_any_draft_and_can_be_corrected_again(world: World, account: str) -> None:
    copy = corrected(world, world.invoice())
    sent = send_invoice(ORGANIZATION, copy.id, OFFICE, world.ports)
    assert sent.status is InvoiceStatus.PENDING
    again = corrected(world, sent)
    assert again.id not in (copy.id, copy.corrects)
    assert live_in_stripe(world, account) == [again.stripe_invoice_id]


def test_whoever_asks_again_gets_the_same_copy(world: World, account: str) -> None:
    original = world.invoice()
    copy = corrected(world, original)
    assert corrected(world, original) == world.now(copy)
    assert len(copies(world)) == 1


def test_a_failed_and_an_uncollectible_invoice_can_be_corrected(world: World, account: str) -> None:
    change(ORGANIZATION, replace(world.ports.settings.get(ORGANIZATION), payment_window=1), world.ports)
    failed, given_up = world.invoice("svc_1"), world.invoice("svc_2", payment_terms="due_on_receipt")
    world.double.pay(account, str(failed.stripe_invoice_id), "pm_card_chargeDeclined")
    world.advance(4 * DAY)
    give_up_if_due(ORGANIZATION, given_up.id, world.ports)
    world.deliver()
    statuses = [world.now(each).status for each in (failed, given_up)]
    assert statuses == [InvoiceStatus.FAILED, InvoiceStatus.UNCOLLECTIBLE]
    assert [corrected(world, each).status for each in (failed, given_up)] == [InvoiceStatus.DRAFT] * 2


def test_an_invoice_of_more_services_than_one_transaction_claims_is_corrected(world: World, account: str) -> None:
    original = world.invoice(*(f"svc_{number}" for number in range(200)))
    copy = corrected(world, original)
    holders = {holder for (_, service), holder in world.ports.database.claims.items()}
    assert (copy.status, holders) == (InvoiceStatus.DRAFT, {copy.id})


def test_a_due_date_that_has_passed_becomes_the_payment_terms_of_the_settings(world: World, account: str) -> None:
    change(ORGANIZATION, InvoicingSettings(ORGANIZATION, payment_terms="net_7"), world.ports)
    today = dt.datetime.fromtimestamp(world.ports.clock.now(), dt.UTC).date()
    late = world.invoice("svc_1", due_date=today + dt.timedelta(days=1))
    ahead = world.invoice("svc_2", due_date=today + dt.timedelta(days=30))
    world.advance(5 * DAY)
    copy = corrected(world, world.now(late))
    assert (copy.order.due_date, copy.order.payment_terms, copy.due_by_terms) == (None, "net_7", True)
    assert send_invoice(ORGANIZATION, copy.id, OFFICE, world.ports).due_day == today + dt.timedelta(days=12)
    assert corrected(world, world.now(ahead)).due_day == today + dt.timedelta(days=30)


# What it asks and refuses


def test_without_a_confirmation_nothing_happens_and_the_message_says_what_would(world: World, account: str) -> None:
    invoice = world.invoice()
    before = world.now(invoice)
    with pytest.raises(Conflict) as refusal:
        corrected(world, invoice, confirmed=False)
    assert refusal.value.code == "confirmation_missing"
    assert str(invoice.facts.invoice and invoice.facts.invoice.number) in refusal.value.message
    assert "mailed on 15 January 2027" in refusal.value.message
    assert "payment link stops working" in refusal.value.message
    assert "does not tell the customer" in refusal.value.message
    assert world.now(invoice) == before
    assert copies(world) == []


def test_the_message_says_if_the_copy_differs_from_what_the_customer_has(world: World, account: str) -> None:
    today = dt.datetime.fromtimestamp(world.ports.clock.now(), dt.UTC).date()
    invoice = world.invoice(due_date=today)
    world.advance(2 * DAY)
    with pytest.raises(Conflict) as refusal:
        corrected(world, world.now(invoice), confirmed=False)
    assert "has passed: the copy has the settings' payment terms" in refusal.value.message


@pytest.mark.parametrize(
    ("become", "code", "advice"),
    [
        ("draft", "invoice_not_issued", "PUT"),
        ("paid", "invoice_not_correctable", "Refund"),
        ("void", "invoice_not_correctable", "Bill its services again"),
    ],
)
def test_what_was_not_issued_or_is_over_is_refused_with_what_can_be_done(
    become: str, code: str, advice: str, world: World, account: str
) -> None:
    invoice = world.invoice(send=become != "draft")
    if become == "paid":
        world.double.pay(account, str(invoice.stripe_invoice_id))
        world.deliver()
    if become == "void":
        void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    with pytest.raises(Conflict) as refusal:
        corrected(world, world.now(invoice))
    assert refusal.value.code == code
    assert advice in str(refusal.value.next_step)
    assert copies(world) == []


def test_a_copy_that_was_deleted_is_not_made_again(world: World, account: str) -> None:
    original = world.invoice()
    void_invoice(ORGANIZATION, corrected(world, original).id, OFFICE, world.ports)
    with pytest.raises(Conflict) as refusal:
        corrected(world, original)
    assert refusal.value.code == "invoice_not_correctable"
    assert refusal.value.next_step == "Bill its services again."
    assert explained(world, original).endswith(
        "to correct it: nothing is to be paid. Its services can be billed again."
    )
    again = world.invoice()
    assert again.status is InvoiceStatus.PENDING
    assert f"Its services are on the invoice {number(again)} now." in explained(world, original)
    with pytest.raises(Conflict) as refusal:
        corrected(world, original)
    assert refusal.value.next_step == f"Its services are on the invoice {number(again)} now. Open that one instead."


def test_a_copy_that_was_sent_and_corrected_again_is_no_longer_named_as_the_place_of_the_services(
    world: World, account: str
) -> None:
    original = world.invoice("svc_1", "svc_2")
    copy = corrected(world, original)
    send_invoice(ORGANIZATION, copy.id, OFFICE, world.ports)
    world.advance(60)
    assert f"on the invoice {number(world.now(copy))} now" in explained(world, original)
    last = corrected(world, copy)
    assert f"Its services are on the draft {last.id} now." in explained(world, original)
    assert f"Its services are on the draft {last.id} now." in explained(world, copy)


def test_services_that_the_copy_no_longer_has_are_told_as_free(world: World, account: str) -> None:
    original = world.invoice("svc_1", "svc_2")
    copy = corrected(world, original)
    edit_draft(editing(copy, "svc_1"), world.ports)
    assert f"Some of its services are on the draft {copy.id} now. The others can be billed again." in explained(
        world, original
    )


def test_an_invoice_that_was_only_voided_names_the_invoice_that_has_its_services_since(
    world: World, account: str
) -> None:
    void = world.invoice("svc_1")
    void_invoice(ORGANIZATION, void.id, OFFICE, world.ports)
    assert explained(world, void).endswith("nothing is to be paid. Its services can be billed again.")
    again = world.invoice("svc_1")
    assert explained(world, void).endswith(f"Its services are on the invoice {number(again)} now.")
    with pytest.raises(Conflict) as refusal:
        send_invoice(ORGANIZATION, void.id, OFFICE, world.ports)
    assert number(again) in str(refusal.value.next_step)


def test_nothing_is_voided_while_the_copy_could_not_be_sent(world: World, account: str) -> None:
    original = world.invoice()
    world.double.update_account(account, charges_enabled=False)
    world.deliver()
    for confirmed in (False, True):
        with pytest.raises(Refused) as refusal:
            corrected(world, original, confirmed=confirmed)
        assert refusal.value.code == "stripe_account_not_ready"
    assert (world.now(original).status, copies(world)) == (InvoiceStatus.PENDING, [])


def test_a_payment_that_pom_has_not_heard_of_keeps_the_original_as_it_is(world: World, account: str) -> None:
    invoice = world.invoice()
    world.double.pay(account, str(invoice.stripe_invoice_id))
    with pytest.raises(Conflict) as refusal:
        corrected(world, invoice)
    assert (refusal.value.code, copies(world)) == ("invoice_not_voidable", [])
    original = world.now(invoice)
    assert original.status is InvoiceStatus.PAID
    assert original.corrected_by is None
    assert [entry.reason for entry in entries(original, "correction_refused")] == ["invoice_not_voidable"]
    assert world.ports.database.claims[(ORGANIZATION, ServiceId("svc_1"))] == invoice.id


def test_a_bank_debit_on_its_way_is_waited_for(world: World, account: str) -> None:
    invoice = world.invoice()
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_usBankAccount_success")
    world.deliver()
    with pytest.raises(Conflict) as refusal:
        corrected(world, world.now(invoice))
    assert (refusal.value.code, copies(world)) == ("payment_under_way", [])
    assert world.now(invoice).live


def test_a_part_that_was_paid_is_not_lost_by_a_correction(world: World, account: str) -> None:
    invoice = world.invoice()
    world.double.pay(account, str(invoice.stripe_invoice_id), amount=2500)
    with pytest.raises(Conflict) as refusal:
        corrected(world, invoice)
    assert (refusal.value.code, copies(world)) == ("invoice_not_voidable", [])
    assert "25.00 USD" in refusal.value.message


def test_nothing_is_corrected_while_invoicing_is_paused(world: World, account: str) -> None:
    invoice = world.invoice()
    freeze(ORGANIZATION, "ops@example.test", "A customer was billed wrongly.", world.ports)
    with pytest.raises(Conflict) as refusal:
        corrected(world, invoice)
    assert (refusal.value.code, world.now(invoice).live, copies(world)) == ("invoicing_frozen", True, [])


def test_an_invoice_of_an_account_that_is_gone_is_not_corrected(world: World, account: str) -> None:
    invoice = world.invoice()
    world.connect(account=world.account())
    with pytest.raises(Conflict) as refusal:
        corrected(world, invoice)
    assert (refusal.value.code, copies(world)) == ("invoice_of_other_account", [])


def test_a_customer_whom_stripe_cannot_mail_keeps_the_original_as_it_is(world: World, account: str) -> None:
    invoice = world.invoice()
    world.customer(email=None)
    with pytest.raises(Refused) as refusal:
        corrected(world, invoice)
    assert (refusal.value.code, world.now(invoice).live, copies(world)) == ("customer_email_missing", True, [])


def test_nobody_corrects_another_organizations_invoice(world: World, account: str) -> None:
    invoice = world.invoice()
    world.connect(OTHER)
    with pytest.raises(NotFound):
        correct_invoice(OTHER, invoice.id, ADMIN, world.ports, confirmed=True)
    with pytest.raises(NotFound):
        correct_invoice(ORGANIZATION, InvoiceId("inv_unknown"), ADMIN, world.ports, confirmed=True)
    assert world.now(invoice).live


def test_services_that_somebody_bills_between_void_and_copy_stay_theirs(world: World, account: str) -> None:
    """The original stays void, and its timeline says that there is no copy."""
    original = world.invoice("svc_1")
    claim, rivals = world.ports.invoices.claim, []

    def outrun(*args: object) -> None:
        if not rivals:
            rivals.append(world.invoice("svc_1"))
        claim(*args)  # type: ignore[arg-type]

    world.ports.invoices.claim = outrun  # type: ignore[method-assign]
    with pytest.raises(Conflict) as refusal:
        corrected(world, original)
    assert refusal.value.code == "service_already_billed"
    original = world.now(original)
    assert (original.status, original.corrected_by, copies(world)) == (InvoiceStatus.VOID, None, [])
    assert kinds(original)[-1] == "correction_refused"
    assert live_in_stripe(world, account) == [rivals[0].stripe_invoice_id]
    assert world.ports.database.claims[(ORGANIZATION, ServiceId("svc_1"))] == rivals[0].id


# While it is made


def test_a_crash_anywhere_leaves_one_invoice_that_somebody_could_pay(world: World, account: str) -> None:
    """Wherever it stops, and before it is resumed, Stripe never has two of them; in the end it has the copy."""
    original = world.invoice("svc_1", "svc_2")
    boundaries = count_calls(world)
    corrected(world, original)
    for number in range(len(boundaries.calls)):
        for after in (False, True):
            each = World()
            account = each.connect()
            each.customer()
            original = each.invoice("svc_1", "svc_2")
            count_calls(each, fatal=number, after=after)
            with suppress(ProcessKilled, IntegrationError):
                corrected(each, original)
            stop_counting(each)
            assert len(live_in_stripe(each, account)) <= 1, (number, after)
            for _ in range(3):
                each.advance(3601)
                each.deliver()
                each.resume()
                assert len(live_in_stripe(each, account)) <= 1, (number, after)
            copy = corrected(each, original)
            assert copy.status is InvoiceStatus.DRAFT, (number, after, boundaries.calls[number])
            assert live_in_stripe(each, account) == [copy.stripe_invoice_id]
            assert kinds(each.now(original)).count("corrected") == 1, (number, after)
            assert kinds(each.now(original)).count("voided") == 1, (number, after)


def test_a_copy_that_waits_for_its_original_counts_nowhere(world: World, account: str) -> None:
    original = world.invoice()
    world.double.order_fault("error_before", method="POST", path=f"/v1/invoices/{original.stripe_invoice_id}/void")
    copy = corrected(world, original)
    assert (copy.saga.step, copy.status) == (Step.REPLACE, InvoiceStatus.CREATING)
    assert statuses_counted(world) == {InvoiceStatus.PENDING: 1}
    world.double.clear_faults()
    world.advance(3601)
    world.resume()
    assert statuses_counted(world) == {InvoiceStatus.VOID: 1, InvoiceStatus.DRAFT: 1}


def statuses_counted(world: World) -> dict[InvoiceStatus, int]:
    [usd] = summaries_by_currency(world.ports.database.tallies[ORGANIZATION])
    return {status: tally.invoices for status, tally in usd.by_status.items() if tally.invoices}


def test_after_a_revoked_connection_is_restored_the_correction_goes_on(
    world: World, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The original is void by then, so the copy is not taken back."""
    original, create_draft = world.invoice(), world.ports.stripe.create_draft

    def revoked_before(*request: Any) -> Any:
        world.double.revoke(account)
        return create_draft(*request)

    monkeypatch.setattr(world.ports.stripe, "create_draft", revoked_before)
    with pytest.raises(AccountUnreachable):
        corrected(world, original)
    monkeypatch.undo()
    assert live_in_stripe(world, account) == []
    world.connect(account=account)
    world.advance(3601)
    world.resume()
    assert corrected(world, original).status is InvoiceStatus.DRAFT


def test_a_copy_whose_total_stripe_changes_is_kept_for_a_review(
    world: World, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could ask for it again, because the original is void."""
    original = world.invoice()
    owner: Any = {"stripe_account": account}
    coupon = world.client.v1.coupons.create({"amount_off": 500, "currency": "usd", "duration": "once"}, owner)
    with_discount: Any = {"discounts": [{"coupon": coupon.id}]}
    create_draft = world.ports.stripe.create_draft

    def discounted(*request: Any) -> Any:
        """Stripe takes a discount off by itself."""
        draft = create_draft(*request)
        world.client.v1.invoices.update(draft.id, with_discount, owner)
        return draft

    monkeypatch.setattr(world.ports.stripe, "create_draft", discounted)
    with pytest.raises(Refused) as refusal:
        corrected(world, original)
    assert refusal.value.code == "total_differs"
    [copy] = copies(world)
    assert (copy.status, copy.saga.step) == (InvoiceStatus.DRAFT, Step.REVIEW)
