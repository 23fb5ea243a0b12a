"""Applies Stripe's events to invoices, customers, payouts and connections, or parks them.

An event is parked if it cannot be applied: it is stored, and tried again later. `receive_event` applies an event or
parks it, with one write. `apply_event` calls the function for the event's object, in `apply_invoice_event`,
`apply_payout_event`, `apply_customer_event` or `apply_account_event`. `event_outcome` has the outcomes. `canary`
sends signed test events through the same endpoint.

Entry: `receive_event.receive_event`.
"""
