"""Everything that POM holds of a customer, for the person who asks for it.

`export_customer` goes through every store, and yields the customer's records in portions.

Entry: `export_customer.export_customer`.
"""
