"""Promises: behaviours of Stripe that the code relies on, each with a name, a sentence, and a way to check it."""
