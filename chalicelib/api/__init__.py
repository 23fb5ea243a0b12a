"""The HTTP API: one module for each resource, and `http`, which serves them.

This file has no imports. The authorizer's Lambda imports one module of this package and must not load the others.
"""
