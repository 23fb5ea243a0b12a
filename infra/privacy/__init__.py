"""The inventory of personal data: each stored, published or logged field, its data subject, and what an erasure does.

    places     finds the fields of documents, queues, bus events, log lines and metrics
    classes    defines data subjects, kinds of data, and effects of an erasure
    rules      classifies the fields; a field without a class fails `tests/infrastructure/test_privacy.py`
    readers    lists the functions that read and write each table, by their rights
    times      lists how long each thing is retained
    page       writes the generated parts of docs/privacy.md

`python -m infra.privacy` updates docs/privacy.md.
"""
