"""Stripe's objects: their shapes, their rules, and the handlers of their routes."""
