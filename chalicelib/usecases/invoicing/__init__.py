"""How services become an invoice that is mailed, reminded of, and closed.

`create_invoice` checks an order (`new_order`), claims its services (`claims`) and stores it. `invoice_saga` takes it
through Stripe, step by step: `as_reviewed` asks Stripe before a draft that has waited is mailed, `saga_progress`
stores how far a step came, `resume_invoice` goes on where one stopped. `invoices`, `void_invoice` and
`settle_outside` serve what the office does with it afterwards. `edit_draft` replaces the order of a draft: its
`edit_steps` are steps of the saga, too, and `draft_in_stripe` brings Stripe's draft to an order. `preview` shows a
draft as the payer will see it. `correct_invoice` makes a draft copy of an issued invoice, and `replace_original` lets
the copy take its place. `refund` orders a refund of a payment, and `resume_refunds` goes on with one that got no
answer. `plan_day` queues what a day asks for, such as `remind`. `pull_invoice` reads an invoice from Stripe, and
`store_invoice` writes it. `invoice_lists` lists invoices and adds them up. `records` reads the events about an
invoice and the company's payments. `invoicing_settings` and `summary` are the company's settings and sums.

Entry: `create_invoice.create_invoice`.
"""
