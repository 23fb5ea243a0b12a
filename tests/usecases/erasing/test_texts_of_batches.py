"""Tests memo and footer of a batch: they are erased with a person, unless another customer's item still needs
them.
"""

from __future__ import annotations

from chalicelib.domain.billing import BillingTerms
from chalicelib.domain.identifiers import CustomerId
from chalicelib.usecases.bulk.bill_many import BillMany, bill_many
from tests.usecases.erasing.person import ANN, Company
from tests.world import OFFICE, ORGANIZATION, line


def terms_after_erasure(company: Company, other_customer_id: str) -> BillingTerms:
    """Returns the batch's terms after the batch billed Annabel and another customer, and Annabel was erased."""
    services = ((ANN, line("svc_bulk_1")), (CustomerId(other_customer_id), line("svc_bulk_2")))
    terms = BillingTerms(memo="The dog bites", footer="For Annabel")
    batch = bill_many(BillMany(ORGANIZATION, OFFICE, "bulk", "bulk", services, terms), company.world.ports)
    company.settle()
    for invoice in list(company.world.ports.database.invoices.values()):
        company.world.double.pay(company.account, str(invoice.stripe_invoice_id), "pm_card_visa")
    company.settle()
    company.erase()
    return company.world.ports.database.batches[ORGANIZATION, batch.id].terms


def test_the_texts_of_a_batch_are_erased_once_no_item_can_be_retried(company: Company) -> None:
    terms = terms_after_erasure(company, "cust_2")
    assert (terms.memo, terms.footer) == (None, None)


def test_the_texts_of_a_batch_stay_while_another_customers_item_can_be_retried(company: Company) -> None:
    terms = terms_after_erasure(company, "cust_unknown")
    assert (terms.memo, terms.footer) == ("The dog bites", "For Annabel")
