"""Takes services to an invoice that is mailed, reminded of, and paid or closed.

`create_invoice` checks an order (`new_order`), claims its services (`claims`) and stores the invoice. `invoice_saga`
takes the invoice through Stripe, step by step. `as_reviewed` asks Stripe before a draft is mailed that has waited.
`saga_progress` stores the progress of each step, and `resume_invoice` resumes an interrupted invoice.

`invoices`, `void_invoice`, `settle_outside`, `refund` and `remind` are the office's later actions. `resume_refunds`
resumes refunds without a response. `edit_draft` replaces the order of a draft: its `edit_steps` are steps of the saga
too, and `draft_in_stripe` brings Stripe's draft to an order. `preview` shows a draft as the payer will see it.
`correct_invoice` creates a draft copy of an issued invoice, and `replace_original` puts the copy in its place.

`plan_day` queues the tasks of a day. `pull_invoice` reads an invoice from Stripe, and `store_invoice` writes it.
`invoice_lists` lists invoices and adds them up. `records` reads the events about an invoice and the company's
payments. `invoicing_settings` and `summary` are the company's settings and totals.

Entry: `create_invoice.create_invoice`.
"""
