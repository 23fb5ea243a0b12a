"""Lists what needs a person's attention.

`needs_attention` derives the list from stored data at each request. An item disappears when it is solved, and nobody
dismisses items by hand. `domain/attention.py` derives the items of an invoice's own facts, and
`domain/company_attention.py` derives the remaining items.

Entry: `needs_attention.needs_attention`.
"""
