"""How a company connects Stripe, and stays connected.

`connect` installs, reconnects and disconnects. `connection_report` says what state the connection is in, and what is
left to do before the first invoice; `webhook_health` whether Stripe's events arrive. `try_connection` verifies the
connection with a test invoice. `revocation` notices that the company took its access back, `freeze` pauses invoicing,
and `sweep_sooner` has a quiet account compared more often, or any account now.

Entry: `connect.begin`.
"""
