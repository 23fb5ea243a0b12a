"""Checks the project's assumptions about Stripe against a test account (`make sandbox`).

Stories do on the account what the product and its users do, through the product's own gateway. Every request and
response is recorded. The recording is then replayed to the Stripe double, and the two responses to each request are
compared. Promises check by name each behaviour of Stripe that the code relies on. At the end, the product itself runs
against the account.
"""
