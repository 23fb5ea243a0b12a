"""`python -m tests.bench.fill ACCOUNT COUNT`: that many events of an account in the tables of a running stack."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from chalicelib.adapters import tables
from chalicelib.adapters.tables.markers import KEPT_FOR, expiry
from chalicelib.adapters.tables.models import EventItem

CHUNK = 500


def main(account_id: str, count: int) -> None:
    tables.configure(os.environ["POM_TABLE_PREFIX"])
    now = int(time.time())

    def write(start: int) -> None:
        with EventItem.batch_write() as batch:
            for number in range(start, min(start + CHUNK, count)):
                item = EventItem(
                    account_id,
                    f"evt_old_{number:08}",
                    type="invoice.updated",
                    created=now - number,
                    received_at=now - number,
                    outcome="applied",
                    source="webhook",
                    invoice_id=f"inv_{number % 100}",
                    expires_at=expiry(now + KEPT_FOR),
                )
                batch.save(item)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(0, count, CHUNK)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
