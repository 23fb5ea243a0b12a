"""Changed doubles: each proves that a run would report this difference if Stripe had it."""
