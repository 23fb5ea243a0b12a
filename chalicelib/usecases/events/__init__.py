"""How an event of Stripe's changes an invoice, a customer or a connection, or is kept for later.

`receive_event` applies an event or parks it, with one durable write. `apply_event` chooses who applies it:
`apply_invoice_event`, `apply_payout_event`, `apply_customer_event` or `apply_account_event`; `event_outcome` names
what became of it.
`canary` sends a signed event of our own through the same door.

Entry: `receive_event.receive_event`.
"""
