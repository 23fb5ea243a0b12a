"""A small dashboard of each account, as HTML forms without JavaScript: the pages and buttons that an owner has at
Stripe.

The package is a layer above `control`, because each button calls a control, or the API as the owner's own key could.
"""
