"""The page of the account: the requirements of Stripe, and the connection to the platform."""

from __future__ import annotations

from ..objects.accounts import name_of
from .pieces import Html, badge, code, columns, description_list, form, join, local_time, muted_text, note, section
from .visit import FormAction, Page, Show, Visit

_REQUIREMENTS = ["company.tax_id", "representative.dob.day", "external_account"]
_STATUS = "account/status"
_VERIFIED = {
    "charges_enabled": True, "payouts_enabled": True, "details_submitted": True, "currently_due": [], "past_due": [],
    "eventually_due": [], "pending_verification": [], "disabled_reason": None,
}  # fmt: skip
_NEEDS_MORE = {
    "charges_enabled": False, "payouts_enabled": False, "currently_due": _REQUIREMENTS, "past_due": _REQUIREMENTS,
    "eventually_due": _REQUIREMENTS, "disabled_reason": "requirements.past_due",
}  # fmt: skip


def status(visit: Visit, _: str) -> Page:
    """Returns the page that shows Stripe's requirements, with a button that adds or meets them."""
    account = visit.ledger.account
    pairs = [
        ("Name", name_of(account)),
        ("E-mail", account["email"] or ""),
        ("Country", account["country"]),
        ("Currency", account["default_currency"].upper()),
        ("Time zone", account["settings"]["dashboard"]["timezone"] or ""),
        ("Payments", _enabled_badge(account["charges_enabled"])),
        ("Payouts", _enabled_badge(account["payouts_enabled"])),
        ("Created", local_time(visit.ledger, account["created"])),
        ("Account", code(account["id"])),
    ]
    return Page(
        "Account", join(columns(section("Details", description_list(pairs)), _requirements(visit)), connection(visit))
    )


def needs_more(visit: Visit) -> bool:
    """Returns True if Stripe requires something of the account, or has switched off payments or payouts."""
    account = visit.ledger.account
    due = account["requirements"]["currently_due"] or account["requirements"]["past_due"]
    return bool(due or not account["charges_enabled"] or not account["payouts_enabled"])


def connection(visit: Visit) -> Html:
    """Returns the section that shows the connection to the platform, with a button that ends it."""
    platform = visit.platform
    heading = f"Connection to {platform}"
    if not visit.ledger.connected:
        explanation = f"This account is not connected. Connect it in {platform}, under Settings, Apps."
        return section(heading, Html(f"<p>{badge('Not connected')}</p>"), muted_text(explanation))
    explanation = f"{platform} can create customers and invoices in this account until you disconnect it."
    return section(
        heading,
        Html(f"<p>{badge('Connected', 'paid')}</p>"),
        muted_text(explanation),
        form(visit, "settings/apps", "disconnect", f"Disconnect {platform}", plain=True),
    )


def apps(visit: Visit, _: str) -> Page:
    """Returns the page of the connected apps."""
    return Page("Installed apps", connection(visit))


def login(_: Visit, __: str) -> Page:
    """Returns the page at the address where an owner sets up two-step authentication at Stripe."""
    return Page("Login", _nothing_to_set("an owner sets up two-step authentication"))


def reminders(_: Visit, __: str) -> Page:
    """Returns the page at the address where an owner switches Stripe's own reminders on and off."""
    return Page(
        "Invoice settings", _nothing_to_set("an owner switches Stripe's own reminders of invoices on and off")
    )


def _nothing_to_set(purpose: str) -> Html:
    return section(
        "Nothing to set here", muted_text(f"At Stripe, this is where {purpose}. The double does not implement that.")
    )


def _enabled_badge(yes: bool) -> Html:
    return badge("Enabled", "paid") if yes else badge("Disabled", "bad")


def _requirements(visit: Visit) -> Html:
    requirements = visit.ledger.account["requirements"]
    parts = (
        [note("Stripe needs more information before it enables payments and payouts.")] if needs_more(visit) else []
    )
    for heading, name in (
        ("Past due", "past_due"),
        ("Currently due", "currently_due"),
        ("Pending verification", "pending_verification"),
    ):
        if requirements[name]:
            items = "".join(f"<li>{code(each)}</li>" for each in requirements[name])
            parts.append(Html(f"<p>{heading}</p><ul>{items}</ul>"))
    if not parts:
        parts.append(muted_text("None. The account is verified."))
    parts.append(
        form(visit, _STATUS, "verify", "Verify the account")
        if needs_more(visit)
        else form(visit, _STATUS, "need-more", "Require more information", plain=True)
    )
    if not needs_more(visit):
        parts.append(muted_text("This disables payments and payouts until the account is verified again."))
    return section("Requirements", *parts)


def _verify(visit: Visit, _: str) -> None:
    visit.controls.update_account(visit.account, **_VERIFIED)


def _need_more(visit: Visit, _: str) -> None:
    visit.controls.update_account(visit.account, **_NEEDS_MORE)


def _disconnect(visit: Visit, _: str) -> None:
    visit.controls.revoke(visit.account)


PAGES: dict[str, Show] = {
    _STATUS: status,
    "settings/apps": apps,
    "settings/user": login,
    "settings/billing/invoice": reminders,
}
ACTIONS = {
    "account/status/verify": FormAction(_verify, "The account is verified. Payments and payouts are enabled."),
    "account/status/need-more": FormAction(
        _need_more, "Payments and payouts are disabled until the account is verified."
    ),
    "settings/apps/disconnect": FormAction(_disconnect, "The account is disconnected."),
}
