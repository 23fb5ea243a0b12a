"""Serves the resources: routes and roles, decoding, errors, and the adapter to Chalice."""
