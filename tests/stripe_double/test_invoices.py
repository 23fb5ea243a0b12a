"""Drafts, lines and the transitions of invoices."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from infra.stripe_double import DAY


def refusal(call: Any, *args: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as error:
        call(*args)
    return error.value


def test_a_draft_becomes_an_open_invoice_with_a_link_a_number_and_a_payment(company: Any) -> None:
    draft = company.draft(7_500, 2_500)

    invoice = company.v1.invoices.finalize_invoice(draft.id, {"expand": ["payments"]}, company.opts)

    assert (invoice.status, invoice.total, invoice.amount_due, invoice.amount_remaining) == (
        "open",
        10_000,
        10_000,
        10_000,
    )
    assert invoice.number.endswith("-0001")
    assert invoice.hosted_invoice_url.startswith("http://127.0.0.1:")
    assert invoice.status_transitions.finalized_at == company.double.clock.seconds()
    (payment,) = invoice.payments.data
    assert (payment.status, payment.is_default, payment.amount_requested, payment.amount_paid) == (
        "open",
        True,
        10_000,
        None,
    )


def test_payments_are_absent_unless_expanded_and_removed_fields_stay_removed(company: Any) -> None:
    invoice = company.open()

    for gone in ("payments", "payment_intent", "charge", "paid", "quote", "subscription", "tax", "discount"):
        assert gone not in invoice


def test_a_finalized_invoice_retains_the_customers_details(company: Any) -> None:
    customer = company.customer(email="old@example.com")
    invoice = company.open(customer=customer.id)

    company.v1.customers.update(customer.id, {"email": "new@example.com"}, company.opts)

    assert company.get(invoice).customer_email == "old@example.com"


def test_lines_are_priced_by_amount_or_by_quantity_and_unit(company: Any) -> None:
    draft = company.draft()
    price = {"currency": "usd", "unit_amount_decimal": "12.5", "product_data": {"name": "Chlorine"}}

    company.v1.invoices.add_lines(
        draft.id, {"lines": [{"amount": -500}, {"quantity": 3, "price_data": price}]}, company.opts
    )
    lines = company.v1.invoices.line_items.list(draft.id, None, company.opts)

    assert [(x.amount, x.quantity, x.description) for x in lines.data] == [(-500, 1, None), (38, 3, "Chlorine")]
    assert company.get(draft).total == -462


def test_an_invoice_embeds_ten_lines_and_all_can_be_listed(company: Any) -> None:
    invoice = company.draft(*[100] * 25)

    listed = list(company.v1.invoices.line_items.list(invoice.id, {"limit": 10}, company.opts).auto_paging_iter())

    assert (len(invoice.lines.data), invoice.lines.has_more, invoice.total) == (10, True, 2_500)
    assert [x.description for x in listed] == [f"Service {i}" for i in range(25)]


def test_250_lines_fit_in_one_request_and_251_do_not(company: Any) -> None:
    full = company.draft(*[100] * 250)

    assert full.total == 25_000
    error = refusal(company.v1.invoices.add_lines, full.id, {"lines": [{"amount": 1}]}, company.opts)
    assert error.param == "lines"
    assert company.get(full).total == 25_000


@pytest.mark.parametrize(
    ("line", "param"),
    [
        ({}, "lines[0][amount]"),
        ({"unit_amount": 5}, "lines[0][unit_amount]"),
        ({"price": "price_1"}, "lines[0][price]"),
        ({"amount": 5, "currency": "usd"}, "lines[0][currency]"),
        ({"amount": 5, "quantity": 2}, "lines[0][amount]"),
        ({"amount": "5.00"}, "lines[0][amount]"),
        ({"quantity": 1, "price_data": {"currency": "usd", "unit_amount": 1}}, "lines[0][price_data][product]"),
        ({"price_data": {"currency": "usd", "product_data": {"name": "x"}}}, "lines[0][price_data][unit_amount]"),
        (
            {"price_data": {"currency": "eur", "unit_amount": 1, "product_data": {"name": "x"}}},
            "lines[0][price_data][currency]",
        ),
        ({"amount": 5, "period": {"start": 20, "end": 10}}, "lines[0][period][end]"),
        ({"pricing": {"price": "price_1"}}, "lines[0][pricing][price]"),
    ],
)
def test_bad_lines_are_refused_and_none_is_added(company: Any, line: Any, param: str) -> None:
    draft = company.draft()

    given = {"lines": [line or {"description": "nothing"}, {"amount": 100}]}
    assert refusal(company.v1.invoices.add_lines, draft.id, given, company.opts).param == param
    assert company.get(draft).lines.data == []


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"days_until_due": None}, None),
        ({"days_until_due": 30, "due_date": 1_900_000_000}, "due_date"),
        ({"days_until_due": None, "due_date": 1_500_000_000}, "due_date"),
        ({"collection_method": "charge_automatically"}, None),
        ({"currency": "xyz"}, "currency"),
        ({"collection_method": "carrier_pigeon"}, "collection_method"),
        ({"customer": "cus_nobody"}, "customer"),
        ({"custom_fields": [{"name": "n" * 41, "value": "v"}]}, "name"),
        (
            {"payment_settings": {"payment_method_types": ["card", "seashells"]}},
            "payment_settings[payment_method_types][1]",
        ),
        ({"automatic_tax": {"enabled": True}}, "automatic_tax[enabled]"),
        ({"subscription": "sub_1"}, "subscription"),
        ({"payment_settings": {"default_mandate": "m_1"}}, "payment_settings[default_mandate]"),
    ],
)
def test_bad_invoices_are_refused(company: Any, params: Any, param: str | None) -> None:
    given = {"customer": company.customer().id, "collection_method": "send_invoice", "days_until_due": 30, **params}

    assert refusal(company.v1.invoices.create, given, company.opts).param == param
    assert company.v1.invoices.list(None, company.opts).data == []


def test_currency_defaults_to_the_customers_which_the_first_invoice_determines(company: Any) -> None:
    customer = company.customer()
    company.draft(customer=customer.id, currency="eur")

    second = company.v1.invoices.create(
        {"customer": customer.id, "collection_method": "send_invoice", "days_until_due": 1}, company.opts
    )

    assert second.currency == "eur"


def test_sending_a_draft_finalizes_it_and_sending_again_is_a_reminder(company: Any) -> None:
    draft = company.draft(10_000)

    sent = company.v1.invoices.send_invoice(draft.id, None, company.opts)
    company.v1.invoices.send_invoice(draft.id, None, company.opts)

    mails = company.double.mails(company.account)
    assert sent.status == "open"
    assert [(m["to"], m["link"]) for m in mails] == [("ann@example.com", sent.hosted_invoice_url)] * 2
    assert len(company.events("invoice.sent")) == 2


def test_sending_needs_an_email_and_the_right_collection_method(company: Any) -> None:
    silent = company.v1.customers.create({"name": "No Mail"}, company.opts)
    automatic = company.v1.invoices.create({"customer": company.customer().id, "currency": "usd"}, company.opts)

    assert (
        "Missing email"
        in refusal(
            company.v1.invoices.send_invoice, company.draft(100, customer=silent.id).id, None, company.opts
        ).user_message
    )
    assert (
        "collection method"
        in refusal(company.v1.invoices.send_invoice, automatic.id, None, company.opts).user_message
    )


def test_states_allow_only_their_own_transitions(company: Any) -> None:
    api, opts = company.v1.invoices, company.opts
    draft, opened, void, uncollectible, paid = (company.draft(500), *(company.open() for _ in range(4)))
    api.void_invoice(void.id, None, opts)
    api.mark_uncollectible(uncollectible.id, None, opts)
    company.pay(paid)

    line = {"id": "il_1", "behavior": "delete"}
    verbs = {
        "finalize": api.finalize_invoice,
        "void": api.void_invoice,
        "uncollectible": api.mark_uncollectible,
        "send": api.send_invoice,
        "delete": api.delete,
        "add_lines": lambda i, p, o: api.add_lines(i, {"lines": [{"amount": 1}]}, o),
        "remove_lines": lambda i, p, o: api.remove_lines(i, {"lines": [line]}, o),
        "edit": lambda i, p, o: api.update(i, {"description": "memo"}, o),
    }
    refused_by = {
        draft.id: ["void", "uncollectible"],
        opened.id: ["finalize", "delete", "add_lines", "remove_lines", "edit"],
        void.id: [*verbs],
        uncollectible.id: ["finalize", "uncollectible", "send", "delete", "add_lines", "remove_lines", "edit"],
        paid.id: [*verbs],
    }
    for invoice, names in refused_by.items():
        for name in names:
            assert refusal(verbs[name], invoice, None, opts).http_status == 400, (invoice, name)


def test_lines_are_removed_from_a_draft_and_the_others_keep_their_order(company: Any) -> None:
    draft = company.draft(100, 200, 300, 400)
    ids = [line.id for line in company.get(draft).lines.data]
    given = {"lines": [{"id": each, "behavior": "delete"} for each in (ids[2], ids[0])]}

    changed = company.v1.invoices.remove_lines(draft.id, given, company.opts)

    assert ([line.id for line in changed.lines.data], changed.total) == ([ids[1], ids[3]], 600)
    added = company.v1.invoices.add_lines(draft.id, {"lines": [{"amount": 50}]}, company.opts)
    assert [line.amount for line in added.lines.data] == [200, 400, 50]


@pytest.mark.parametrize(
    ("line", "param"),
    [
        ({"id": "il_other", "behavior": "delete"}, "lines[1][id]"),
        ({"behavior": "delete"}, "lines[1][id]"),
        ({"id": "il_other"}, "lines[1][behavior]"),
        ({"id": "il_other", "behavior": "hide"}, "lines[1][behavior]"),
    ],
)
def test_if_one_line_cannot_be_removed_no_line_is_removed(company: Any, line: Any, param: str) -> None:
    draft = company.draft(100, 200)
    first = {"id": company.get(draft).lines.data[0].id, "behavior": "delete"}

    assert refusal(company.v1.invoices.remove_lines, draft.id, {"lines": [first, line]}, company.opts).param == param
    assert company.get(draft).total == 300


def test_an_uncollectible_invoice_can_still_be_paid_or_voided(company: Any) -> None:
    first, second = company.open(), company.open()
    for invoice in (first, second):
        company.v1.invoices.mark_uncollectible(invoice.id, None, company.opts)

    company.pay(first)
    company.v1.invoices.void_invoice(second.id, None, company.opts)

    assert (company.get(first).status, company.get(second).status) == ("paid", "void")


def test_only_metadata_of_a_finished_invoice_can_change(company: Any) -> None:
    invoice = company.open()
    company.v1.invoices.void_invoice(invoice.id, None, company.opts)

    after = company.v1.invoices.update(invoice.id, {"metadata": {"pom": "1"}}, company.opts)

    assert after.metadata["pom"] == "1"


def test_a_deleted_draft_is_gone(company: Any) -> None:
    draft = company.draft(100)

    company.v1.invoices.delete(draft.id, None, company.opts)

    assert refusal(company.v1.invoices.retrieve, draft.id, None, company.opts).code == "resource_missing"
    assert company.types()[-1] == "invoice.deleted"


@pytest.mark.parametrize("step", ["finalize_invoice", "send_invoice"])
def test_an_invoice_without_lines_is_paid_at_once_and_has_a_number(company: Any, step: str) -> None:
    paid = getattr(company.v1.invoices, step)(company.draft().id, None, company.opts)

    assert (paid.status, paid.amount_paid, paid.attempted, paid.attempt_count) == ("paid", 0, True, 0)
    assert paid.number.endswith("-0001")


def test_actions_that_need_an_open_invoice_are_refused_without_a_code(company: Any) -> None:
    invoices, opts = company.v1.invoices, company.opts
    draft, paid, given_up = company.draft(), company.open(), company.open()
    company.pay(paid)
    invoices.mark_uncollectible(given_up.id, None, opts)

    not_open = "You can only pass in open invoices. This invoice isn't open."
    assert said(refusal(invoices.void_invoice, draft.id, None, opts)) == (None, not_open)
    assert said(refusal(invoices.mark_uncollectible, paid.id, None, opts)) == (None, not_open)
    has_paid = "Invoices with `paid` payments cannot be voided."
    assert said(refusal(invoices.void_invoice, paid.id, None, opts)) == (None, has_paid)
    twice = "This invoice has already been marked uncollectible."
    assert said(refusal(invoices.mark_uncollectible, given_up.id, None, opts)) == (None, twice)
    assert refusal(invoices.send_invoice, paid.id, None, opts).code is None
    changed = refusal(invoices.update, paid.id, {"description": "x"}, opts)
    assert (changed.code, changed.param) == (None, "description")


def test_an_account_setting_decides_whether_an_uncollectible_invoice_can_be_voided(company: Any) -> None:
    first, second = company.open(), company.open()
    for each in (first, second):
        company.v1.invoices.mark_uncollectible(each.id, None, company.opts)

    assert company.v1.invoices.void_invoice(first.id, None, company.opts).status == "void"
    company.double.update_account(company.account, voids_uncollectible=False)
    assert refusal(company.v1.invoices.void_invoice, second.id, None, company.opts).code is None
    assert company.get(second).status == "uncollectible"


def said(error: Any) -> tuple[str | None, str | None]:
    return error.code, error.user_message


def test_a_zero_total_is_paid_at_finalization_without_a_payment(company: Any) -> None:
    invoice = company.open(1_000, -1_000)

    assert (invoice.status, invoice.amount_paid) == ("paid", 0)
    assert company.v1.invoice_payments.list({"invoice": invoice.id}, company.opts).data == []


def test_a_total_below_the_minimum_is_paid_and_moves_to_the_customers_balance(company: Any) -> None:
    customer = company.customer()

    small = company.open(49, customer=customer.id)
    next_one = company.open(1_000, customer=customer.id)

    assert (small.status, small.amount_due, small.ending_balance) == ("paid", 0, 49)
    assert (next_one.starting_balance, next_one.amount_due, next_one.total) == (49, 1_049, 1_000)
    assert company.v1.customers.retrieve(customer.id, None, company.opts).balance == 0


def test_the_customers_credit_pays_an_invoice_first(company: Any) -> None:
    customer = company.customer(balance=-3_000)

    invoice = company.open(10_000, customer=customer.id)

    assert (invoice.total, invoice.amount_due, invoice.starting_balance) == (10_000, 7_000, -3_000)


@pytest.mark.parametrize(("currency", "amount"), [("isk", 150), ("kwd", 1_001)])
def test_amounts_that_a_currency_cannot_have_are_refused(company: Any, currency: str, amount: int) -> None:
    draft = company.draft(amount, currency=currency)

    assert refusal(company.v1.invoices.finalize_invoice, draft.id, None, company.opts).param == "amount"


def test_an_account_that_cannot_charge_refuses_to_finalize_and_to_send(company: Any) -> None:
    draft = company.draft(500)
    company.double.update_account(company.account, charges_enabled=False, currently_due=["company.tax_id"])

    assert (
        "cannot currently make charges"
        in refusal(company.v1.invoices.finalize_invoice, draft.id, None, company.opts).user_message
    )
    assert (
        "cannot currently make charges"
        in refusal(company.v1.invoices.send_invoice, draft.id, None, company.opts).user_message
    )
    account = company.v1.accounts.retrieve(company.account)
    assert (account.charges_enabled, account.requirements.currently_due) == (False, ["company.tax_id"])
    assert "account.updated" in company.types()


def test_tax_rates_are_exclusive_or_inclusive(company: Any) -> None:
    rates = [
        company.v1.tax_rates.create(
            {"display_name": "Sales tax", "percentage": 8.6, "inclusive": inclusive}, company.opts
        ).id
        for inclusive in (False, True)
    ]
    totals = []
    for rate in rates:
        draft = company.draft()
        lines = [{"amount": 10_000, "tax_rates": [rate]}, {"amount": 1_000}]
        totals.append(company.v1.invoices.add_lines(draft.id, {"lines": lines}, company.opts))

    added, included = totals
    assert (added.subtotal, added.total, added.total_taxes[0].amount) == (11_000, 11_860, 860)
    assert (included.total, included.total_excluding_tax, included.total_taxes[0].amount) == (11_000, 10_208, 792)


def test_auto_advance_finalizes_and_mails_after_an_hour(company: Any) -> None:
    draft = company.draft(500, auto_advance=True)

    company.double.advance(3_601)

    assert company.get(draft).status == "open"
    assert len(company.double.mails(company.account)) == 1


def test_lists_filter_by_status_customer_and_due_date(company: Any) -> None:
    soon = company.open(due_date=company.double.clock.seconds() + DAY)
    later = company.open()
    company.draft(100)

    def ids(**params: Any) -> list[str]:
        return [i.id for i in company.v1.invoices.list(params, company.opts).data]

    assert ids(status="open") == [later.id, soon.id]
    assert ids(status="open", due_date={"lt": soon.due_date + 1}) == [soon.id]
    assert ids(customer=soon.customer) == [soon.id]
    assert ids(status="paid") == []


def test_payments_of_an_invoice_can_be_expanded_to_the_intent(company: Any) -> None:
    invoice = company.open()
    company.pay(invoice)

    invoice_object = company.v1.invoices.retrieve(
        invoice.id, {"expand": ["customer", "payments.data.payment.payment_intent"]}, company.opts
    )

    assert invoice_object.customer.email == "ann@example.com"
    assert invoice_object.payments.data[0].payment.payment_intent.status == "succeeded"
    for path in ("bogus", "payments.data.payment.payment_intent.latest_charge"):
        assert refusal(company.v1.invoices.retrieve, invoice.id, {"expand": [path]}, company.opts).param == "expand"


def test_discounts_can_be_expanded_even_if_there_are_none(company: Any) -> None:
    invoice = company.open()
    paths = {"expand": ["discounts", "lines.data.discounts"]}
    invoice_object = company.v1.invoices.retrieve(invoice.id, paths, company.opts)
    assert invoice_object.discounts == []
    assert [line.discounts for line in invoice_object.lines.data] == [[]]


@pytest.mark.parametrize("status", ["draft", "open", "paid", "void", "uncollectible"])
def test_metadata_can_be_changed_whatever_the_status(company: Any, status: str) -> None:
    invoice = company.draft(10_000) if status == "draft" else company.open()
    if status == "paid":
        company.pay(invoice)
    if status == "void":
        company.v1.invoices.void_invoice(invoice.id, None, company.opts)
    if status == "uncollectible":
        company.v1.invoices.mark_uncollectible(invoice.id, None, company.opts)

    changed = company.v1.invoices.update(invoice.id, {"metadata": {"a": "b"}}, company.opts)

    assert (changed.status, changed.metadata.to_dict()) == (status, {"a": "b"})


def test_finalizing_chooses_the_paper_size_unless_the_request_did(company: Any) -> None:
    chosen = company.draft(10_000, rendering={"pdf": {"page_size": "a4"}})
    automatic = company.draft(10_000)
    assert automatic.rendering.pdf.page_size == "auto"

    finalized = [company.v1.invoices.finalize_invoice(d.id, None, company.opts) for d in (chosen, automatic)]

    assert [each.rendering.pdf.page_size for each in finalized] == ["a4", "letter"]


def test_a_payment_in_cash_is_no_attempt_and_ends_auto_advance(company: Any) -> None:
    invoice = company.open(auto_advance=True)

    paid = company.v1.invoices.pay(invoice.id, {"paid_out_of_band": True}, company.opts)

    assert (paid.status, paid.attempted, paid.auto_advance) == ("paid", False, False)


def test_an_invoice_is_marked_as_uncollectible_once(company: Any) -> None:
    invoice = company.open()
    company.v1.invoices.mark_uncollectible(invoice.id, None, company.opts)

    with pytest.raises(stripe.InvalidRequestError, match="already been marked uncollectible"):
        company.v1.invoices.mark_uncollectible(invoice.id, None, company.opts)
