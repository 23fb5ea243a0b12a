"""Tries what only a deployed stage can show, and tells it as one table (`make sandbox-aws STAGE=dev`).

`docs/in-an-account.md` names the row that tries each of its entries, and what stays by hand. Rows read. Two of them
change something, say so, and leave nothing: the canary's event expires, and the rehearsal of a rollback puts back
what it changed, also what a run that was killed has left.
"""
