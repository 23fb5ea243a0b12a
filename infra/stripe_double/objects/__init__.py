"""One module for each family of Stripe's objects: its shape, its rules, its routes."""
