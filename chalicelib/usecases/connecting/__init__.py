"""How a company connects Stripe, and stays connected.

`connect` installs, reconnects and disconnects; `try_connection` verifies the connection with a test invoice.
`connection_report` says what state it is in, with `webhook_health`. `revocation` notices that the company took its
access back, `give_up_abandoned` returns an access that nobody completed, `freeze` pauses invoicing, and
`sweep_sooner` has a quiet account compared more often. All of them store it by `change_connection`.

Entry: `connect.begin`.
"""
