"""Every worker's blueprint, for `app.py`; no worker imports this."""

from __future__ import annotations

from chalicelib.workers.batch_jobs import worker as batch_jobs
from chalicelib.workers.canary import worker as canary
from chalicelib.workers.customer_sync import worker as customer_sync
from chalicelib.workers.invoice_jobs import worker as invoice_jobs
from chalicelib.workers.plan_day import worker as plan_day
from chalicelib.workers.plan_reconciliation import worker as plan_reconciliation
from chalicelib.workers.reconcile_account import worker as reconcile_account
from chalicelib.workers.resume_stuck import worker as resume_stuck

WORKERS = (
    customer_sync,
    invoice_jobs,
    batch_jobs,
    reconcile_account,
    plan_reconciliation,
    resume_stuck,
    plan_day,
    canary,
)
