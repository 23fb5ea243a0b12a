"""Brings POM's customers to Stripe, and keeps each linked to the right Stripe customer.

`customers` stores the office's saves and sends them to Stripe. `link_customer` finds or creates the Stripe customer.
`stripe_owner` decides which customer owns a Stripe customer. `present_address` keeps invoices from being mailed to a
former address. `names` reads the names of customers.

Entry: `customers.put_customer`.
"""
