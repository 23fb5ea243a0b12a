"""HTTP in, HTTP out.

Empty on purpose: the authorizer's Lambda imports one module of this package, and must not load the others.
"""
