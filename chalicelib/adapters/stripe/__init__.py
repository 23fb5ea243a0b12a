"""The adapter to Stripe: signed webhooks in, API calls out.

    client      calls the `stripe` package, and determines the time of each response
    errors      translates Stripe's errors into the domain's errors
    objects/    Stripe's objects in our API version, and the facts that they hold
    events      events from the webhook and from Stripe's list; `event_subjects` reads them in any API version

`gateway.StripeGateway` is composed of `accounts`, `customers`, `invoices` (with `drafts`, on top of `retrieval` and
`lists`), `payouts`, `records`, `refunds`, `trials` and `webhook_endpoints`. The webhook's Lambda needs `events` and
`objects` only. They import only types from the `stripe` package, because importing it takes longer than the webhook's
work.
"""
