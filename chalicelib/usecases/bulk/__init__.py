"""Imports many customers and bills many services, at the rate that Stripe allows.

`bill_many` and `import_customers` turn a request into a batch of items, which `batches` stores and returns. A batch
is worked on by lanes, each of which has its own share of the items. `lanes` reads the lanes' progress. `batch_work`
works on one lane's share for a short time. `bill_item` creates the invoice of an item, and `send_draft` sends the
invoice of an item after a review.

Entry: `bill_many.bill_many`.
"""
