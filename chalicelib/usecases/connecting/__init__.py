"""Connects a company's Stripe account, and watches the connection.

`connect` installs, reconnects and disconnects. `try_connection` verifies the connection with a test invoice.
`connection_report` and `webhook_health` report the state of the connection. `revocation` detects that the company
revoked POM's access. `give_up_abandoned` gives up access that no admin completed. `freeze` pauses invoicing.
`sweep_sooner` has an account compared with Stripe before its schedule. All of them store the connection by
`change_connection`.

Entry: `connect.begin`.
"""
