"""Creates one object of each kind whose id a path can have, in one company."""

from __future__ import annotations

from tests.e2e.company import Company, eventually, line


def one_of_each(company: Company) -> dict[str, str]:
    """Makes the things and returns their ids, by the place that they take in a path. The company is connected."""
    customer = company.customer("cust_theirs")
    invoice = company.bill("svc_theirs", customerId=customer).json["id"]
    draft = company.bill("svc_theirs_later", customerId=customer, send=False).json["id"]
    services = [{"customerId": customer, **line("svc_theirs_too")}]
    batch = company.office.call("POST", "/invoice-batches", {"services": services}).json["id"]
    import_response = company.office.call("POST", "/customer-imports", {"customers": [{"id": "cust_more"}]}).json[
        "id"
    ]
    stripe_id = company.invoice(invoice)["dashboardUrl"].rsplit("/", 1)[1]
    paid_invoice = company.double("POST", f"invoices/{company.account_id}/{stripe_id}/pay", method="pm_card_visa")
    company.becomes(invoice, status="paid")
    payout = company.double("POST", f"payouts/{company.account_id}")["id"]
    eventually(lambda: company.office.get("/payouts?first=1")["data"], bool, f"the payout {payout}")
    erased_customer = company.customer("cust_erased")
    company.admin.call("DELETE", f"/customers/{erased_customer}?inStripe=keep")
    return {
        "{invoiceId}/preview": f"{draft}/preview",  # only a draft has one
        "{customerId}/erasure": f"{erased_customer}/erasure",  # only a customer who is being erased has one
        "{invoiceId}": invoice,
        "{customerId}": customer,
        "{batchId}": batch,
        "{importId}": import_response,
        "{paymentId}": paid_invoice["payment_intent"],
        "{payoutId}": payout,
    }


def path_with_ids(path: str, ids: dict[str, str]) -> str:
    """Returns the path with ids in its places."""
    for place, value in ids.items():
        path = path.replace(place, value)
    assert "{" not in path, path
    return path
