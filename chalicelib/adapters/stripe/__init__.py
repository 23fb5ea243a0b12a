"""Stripe: signed webhooks in, calls out.

    client      makes a call of the `stripe` package, and dates its answer
    errors      Stripe's errors in the domain's words
    objects/    Stripe's objects as we read them, and the facts that they hold
    events      what a webhook or a list of events brings; `versions` reads events in other versions of the API

`gateway.StripeGateway` is put together from what it serves: `accounts`, `customers`, `invoices` (with `drafts`, upon
`retrieval` and `lists`), `records` and `trials`. Only `accounts`, `client` and `errors` import the `stripe` package
when they run; the others import its types.
"""
