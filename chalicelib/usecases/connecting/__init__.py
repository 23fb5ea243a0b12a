"""How a company connects Stripe, and stays connected.

`connect` installs, reconnects and disconnects. `connection_report` says what state the connection is in, `go_live`
what to look at before the first invoice. `try_connection` verifies the connection with a test invoice. `revocation`
notices that the company took its access back, `freeze` pauses invoicing, and `wake` has a quiet account compared more
often.

Entry: `connect.begin`.
"""
