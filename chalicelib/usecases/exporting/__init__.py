"""Exports everything that POM holds of a customer.

`export_customer` reads every store, and yields the customer's records in portions.

Entry: `export_customer.export_customer`.
"""
