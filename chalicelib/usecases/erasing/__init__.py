"""Erases a customer: removes the person from everything that POM holds, and keeps the company's books.

`request_erasure` closes the customer with one write. `erase_customer` is one run of a worker: it waits until nothing
of the customer is open (`unsettled`), and then removes the person from each record that `holdings` lists. A day later
it checks the records once more.

Entry: `request_erasure.request_erasure`.
"""
