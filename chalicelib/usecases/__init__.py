"""What POM-Stripe does, as six stories; each may use those below it, and nothing concrete.

    healing      finds what was missed, and takes up what stopped
    bulk         many customers and invoices at once
    events       what Stripe tells
    invoicing    from services to an invoice that is closed
    customers    POM's customers in Stripe
    connecting   a company's Stripe account

A use case takes what it needs of the outside as `Ports`.
"""
