"""What needs a person.

`needs_attention` derives it from what is stored whenever somebody asks, so a thing is gone as soon as it is solved,
and nobody dismisses it by hand. `domain/attention.py` finds what an invoice's own facts tell, and
`domain/company_attention.py` the rest.

Entry: `needs_attention.needs_attention`.
"""
