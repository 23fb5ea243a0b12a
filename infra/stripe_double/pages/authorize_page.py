"""HTML of Connect's authorize page: choose an account, then Connect or Cancel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from ..objects.accounts import name_of
from ..state.ledger import Ledger
from .frame import isolated, page


def authorize(application: str, ledgers: Iterable[Ledger], query: str, prefill: Mapping[str, str]) -> str:
    """Returns the page. `query` is the query of the request, and `prefill` holds the owner's data from the
    platform.
    """
    options = "".join(
        f'<p><label><input type="radio" name="account" value="{escape(x.id)}"{" checked" if first else ""}> '
        f"{isolated(name_of(x.account))} <span class=muted>{escape(x.id)}</span></label></p>"
        for first, x in ((i == 0, x) for i, x in enumerate(ledgers))
    )
    name, email = escape(prefill.get("business_name", "")), escape(prefill.get("email", ""))
    checked = "" if options else " checked"
    body = f"""
<p class=muted>Stripe Connect</p><h1>Connect your account to {escape(application)}</h1>
<p>{escape(application)} will be able to create customers and invoices on your behalf.</p>
<form method="post" action="/oauth/authorize?{escape(query)}"><fieldset>
<legend>Your account</legend>{options}
<p><label><input type="radio" name="account" value="new"{checked}> A new account</label></p></fieldset>
<label for=business_name>Business name</label><input id=business_name name="business_name" value="{name}">
<label for=email>E-mail</label><input id=email name="email" value="{email}">
<button name="decision" value="grant">Connect</button>
<button class=plain name="decision" value="deny">Cancel</button></form>"""
    return page(f"Connect to {application}", body)
