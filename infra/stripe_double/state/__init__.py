"""What a double knows: each account's ledger, its events, and what is planned on the clock."""
