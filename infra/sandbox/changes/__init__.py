"""Doubles that were changed on purpose: each shows that the run would name that difference in Stripe."""
