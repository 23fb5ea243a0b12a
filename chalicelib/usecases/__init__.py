"""The use cases of POM-Stripe, in twelve packages ("stories"). A package may import those below it, and no adapter.

    exporting    exports everything that POM holds of a customer
    publishing   publishes changes of stored objects to POM
    reconciling  finds changes that no event reported, and resumes interrupted work
    attention    lists what needs a person's attention
    erasing      erases a person from everything that POM holds
    bulk         imports many customers, and bills many at once
    events       applies Stripe's events
    payouts      reads what payments cost, and which payout each payment is in
    invoicing    takes services to an invoice that is paid or closed
    customers    brings POM's customers to Stripe
    connecting   connects a company's Stripe account
    acts         records who did what

A use case receives the outside world as `Ports`.
"""
