"""What the code relies on and only Stripe can show: each has a name, a sentence, and a way to try it."""
