"""A small dashboard of each account: what an owner would see and do in Stripe's, by forms and without JavaScript.

It is a room above `control`, because each button is a control, or a call that the owner's own key could make.
"""
