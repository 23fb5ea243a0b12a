"""Finds changes that no event reported, and resumes interrupted work.

`plan_reconciliation` queues a run for each account that is due. `reconcile` reads Stripe's events (`sweep_events`).
Once a day it also compares Stripe's objects (`sweep_objects`) and payouts (`sweep_payouts`), and searches other
spellings of e-mail addresses (`search_spellings`). After that the worker has `tie_out` compare the books.
`resume_stuck` resumes interrupted work. `backfill` recreates lost records from Stripe's data.

Entry: `reconcile.reconcile_account`.
"""
