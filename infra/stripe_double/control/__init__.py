"""What tests and people do to a double besides calling Stripe's API: in Python, and as JSON under /_double/."""
