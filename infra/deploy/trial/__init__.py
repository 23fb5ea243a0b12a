"""Checks what only a deployed stage can show, and reports it as one table (`make sandbox-aws STAGE=dev`).

`docs/in-an-account.md` names the row for each of its entries, and the checks by hand. Rows read. Two rows change
something, say so, and leave nothing: the canary's event expires, and the rehearsal of a rollback undoes its changes.
The next run also undoes the changes of a run that was killed.
"""
