"""How POM's customers become Stripe customers, and stay the same people.

`customers` stores what the office saves and gives it to Stripe. `link_customer` finds the Stripe customer that stands
for one of POM's, or makes it. `stripe_owner` says whose a Stripe customer is, and `present_address` keeps invoices
from being mailed to a former address. `names` reads what customers are called.

Entry: `customers.put_customer`.
"""
