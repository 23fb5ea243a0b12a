"""Stripe: signed webhooks in, calls out.

    client      makes a call of the `stripe` package, and dates its answer
    errors      Stripe's errors in the domain's words
    objects/    Stripe's objects as we read them, and the facts that they hold
    events      what a webhook or a list of events brings; `versions` reads events in other versions of the API

`gateway.StripeGateway` is put together from what it serves: `accounts`, `customers`, `invoices` (with `drafts`, upon
`retrieval` and `lists`), `records`, `trials` and `webhook_endpoints`. The webhook's Lambda needs `events` and
`objects` only, which import no more than types of the `stripe` package: its import alone takes longer than the work.
"""
