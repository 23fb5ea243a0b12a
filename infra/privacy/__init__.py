"""The inventory of personal data: every place that holds or tells something, whose it is, and what an erasure does.

    places     finds the places: fields of what is stored, queued, put on the bus, logged and measured
    classes    says whose datum a field is, of what kind, and what becomes of it
    rules      the classification itself; a field without one fails `tests/infrastructure/test_privacy.py`
    readers    says which functions read and write which table, by their rights
    times      says how long each thing is kept
    page       the generated parts of docs/privacy.md

`python -m infra.privacy` writes docs/privacy.md anew.
"""
