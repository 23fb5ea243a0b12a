"""How many customers are imported, and many services billed, at the pace that Stripe allows.

`bill_many` and `import_customers` divide the work into a batch, which `batches` stores and shows. `lanes` tells how
far it is. `batch_work` does one lane's part of it for a while. `bill_item` makes one invoice of it, and `send_draft`
sends one after a review.

Entry: `bill_many.bill_many`.
"""
