"""Serves the resources: routes and roles, decoding, errors, and the way in through Chalice."""
