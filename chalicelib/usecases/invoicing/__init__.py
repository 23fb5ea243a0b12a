"""How services become an invoice that is mailed, reminded of, and closed.

`create_invoice` checks an order, claims its services and stores it. `invoice_saga` takes it through Stripe, step by
step, and `resume_invoice` goes on where a step stopped. `invoices` serves what the office does with an invoice
afterwards, `settle_outside` money that did not go through Stripe, and `plan_day` what each day asks for.

Entry: `create_invoice.create_invoice`.
"""
