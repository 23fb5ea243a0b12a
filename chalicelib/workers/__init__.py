"""SQS and schedule entry points, each in a Lambda of its own that imports its module alone.

`app.py` registers the blueprints so that Chalice deploys them. Lambda loads a blueprint's module without
`app.py`, so whatever concerns every worker is a plain decorator here, never Chalice middleware.
"""
