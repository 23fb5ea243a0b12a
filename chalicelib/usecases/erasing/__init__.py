"""Erasing a customer: the person goes from everything that POM holds, and the company's books stay.

`request_erasure` closes the customer by one write. `erase_customer` is a worker's step: it waits until nothing of the
customer is open (`unsettled`), and then takes the person out of each record that `holdings` lists. A day later it
looks once more.

Entry: `request_erasure.request_erasure`.
"""
