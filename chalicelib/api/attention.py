"""The list of objects that need a person."""

from __future__ import annotations

from chalicelib import bootstrap
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.attention import AttentionList, AttentionQuery, attention_list, attention_request
from chalicelib.usecases.attention.needs_attention import needs_attention
from chalicelib.usecases.customers.names import names_of

router = Router(__name__, "Attention")


@router.route("GET", "/attention", Role.MEMBER, takes=AttentionQuery, responses={200: AttentionList})
def list_attention(call: Call[AttentionQuery]) -> Reply:
    """List what needs a person, newest first, with the next step for each item.

    An item is listed until it is solved, and cannot be dismissed. `counts` has each requested kind. If a kind has
    more items than `first`, the list has the newest ones. Of overdue invoices, it has those that were due first; of
    customers, the first by id.

    An invoice whose payment failed, or that was not sent, is not listed as overdue as well. Unknown invoices in
    Stripe are those that the latest daily comparison found, at most 20. Payouts are those of the last 90 days,
    without those that the company canceled.

    Stripe does not tell POM whether an e-mail reached its recipient, so a wrong address is not listed.
    """
    ports, organization_id = bootstrap.ports(), call.caller.organization_id
    attention = needs_attention(organization_id, attention_request(call.input), ports)
    names = names_of(organization_id, (each.customer_id for each in attention.items if each.customer_id), ports)
    return Reply(attention_list(attention, names, bootstrap.config().stripe_dashboard_base))
