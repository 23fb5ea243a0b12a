"""Reads what payments cost, and which payout each payment is in.

`read_payment` stores a payment's fee. `read_payout` stores a payout and, once Stripe can itemize it, its lines, each
with its invoice (`owners`). `compare_payout` compares the lines with Stripe's once more, later. `show_payouts` and
`show_deposits` return payouts and payments to users.

Entry: `balance_jobs.do_balance_job`.
"""
