"""What POM-Stripe does, as ten stories; each may use those below it, and nothing concrete.

    exporting    everything that is held of a customer
    reconciling  finds changes that no event reported, and resumes interrupted work
    attention    what needs a person
    erasing      takes a person out of all that is held
    bulk         many customers and invoices at once
    events       what Stripe tells
    payouts      what payments cost, and which deposit their money is in
    invoicing    from services to an invoice that is closed
    customers    POM's customers in Stripe
    connecting   a company's Stripe account
    acts         who did what

A use case takes what it needs of the outside as `Ports`.
"""
