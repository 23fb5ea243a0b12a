"""Controls a double beyond Stripe's API: in Python, and as JSON under /_double/."""
