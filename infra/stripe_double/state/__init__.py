"""The state of a double: each account's ledger and events, and the jobs planned on the clock."""
