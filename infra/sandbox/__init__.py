"""`make sandbox`: holds what this project believes of Stripe against a test account of Stripe's.

Stories do on the account what the product and its users do, through the product's own gateway. All that was asked
and answered is recorded. The recording is then played to the Stripe double, and the two answers to each request are
compared. Promises try by name what the code relies on. At the end the product itself runs against the account.
"""
