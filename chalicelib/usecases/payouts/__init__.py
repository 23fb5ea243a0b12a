"""What payments cost, and which deposit their money is in.

`read_payment` keeps a payment's fee. `read_payout` keeps a payout as Stripe shows it and, once Stripe can list what
is in it, each line with the invoice that it belongs to (`owners`). `compare_payout` compares the lines with Stripe's
once more, later. People read `show_payouts` and `show_deposits`.

Entry: `balance_jobs.do_balance_job`.
"""
