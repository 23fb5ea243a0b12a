"""How POM finds what it was never told, and takes up what was left half-done.

`plan_reconciliation` queues a run for each account that is due. `reconcile` reads Stripe's events (`sweep_events`)
and, once a day, its objects (`sweep_objects`) and other spellings of addresses (`search_spellings`); after that the
worker has `tie_out` compare the books. `resume_stuck` takes up work that stopped. `backfill` makes records anew from
what Stripe remembers, after a loss.

Entry: `reconcile.reconcile_account`.
"""
