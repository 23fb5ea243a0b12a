"""Lists what needs a person."""

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
    """List what needs a person, newest first, each thing with what to do about it.

    A thing is listed until it is solved; nobody can dismiss it. `counts` has each kind that was asked for. If there
    are more things of a kind than `first`, the newest are listed; of overdue invoices those that were due first, and
    of customers the first ones by their ids. An invoice whose payment failed, or that was not sent, is not listed as
    overdue too. Invoices in Stripe that POM does not know are those that the latest daily comparison found, at most
    20. Payouts are those of the last 90 days; one that the company canceled itself is not listed.

    Stripe does not tell POM whether an e-mail reached its recipient, so an address that is wrong is not in the list.
    """
    ports, organization_id = bootstrap.ports(), call.caller.organization_id
    attention = needs_attention(organization_id, attention_request(call.input), ports)
    names = names_of(organization_id, (each.customer_id for each in attention.items if each.customer_id), ports)
    return Reply(attention_list(attention, names, bootstrap.config().stripe_dashboard_base))
