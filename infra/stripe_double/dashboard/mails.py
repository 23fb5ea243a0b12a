"""The e-mails that Stripe would have sent, with the link that a customer receives."""

from __future__ import annotations

from ..state.ledger import JSON
from .pieces import Html, badge, join, link, local_time, muted_text, paginate, section, table, text
from .visit import Page, Show, Visit

_KINDS = {"invoice": "Invoice", "reminder": "Reminder"}


def list_page(visit: Visit, _: str) -> Page:
    """Returns the page that lists the mails with their text, newest first."""
    page_items, page_links = paginate(visit, visit.ledger.mails[::-1], "mails")
    if not page_items:
        explanation = muted_text("There are no mails yet. Stripe mails each invoice and each reminder that is sent.")
        return Page("Mails", section("All mails", explanation))
    explanation = muted_text(
        "The mails that customers receive. Open the payment page in a mail to pay as the customer."
    )
    return Page("Mails", join(explanation, *(_mail_article(visit, each) for each in page_items), page_links))


def mail_table(visit: Visit, mails: list[JSON]) -> Html:
    """Returns a table of mails without their text."""
    rows = [
        (
            local_time(visit.ledger, each["at"]),
            _KINDS[each["kind"]],
            each["to"],
            link(visit.url("mails"), each["subject"]),
        )
        for each in reversed(mails)
    ]
    return table("Mails", ("Time", "Kind", "To", "Subject"), rows, empty="There are no mails about this invoice.")


def _mail_article(visit: Visit, mail: JSON) -> Html:
    before, address, after = mail["text"].partition(mail["link"])
    body = join(text(before), link(address, address), text(after)) if address else text(mail["text"])
    invoice = link(visit.url(f"invoices/{mail['invoice']}"), "The invoice in Stripe")
    return Html(
        f"<article><h2>{text(mail['subject'])}</h2>"
        f"<p class=muted>{badge(_KINDS[mail['kind']])} {local_time(visit.ledger, mail['at'])},"
        f" from {text(mail['from'])} to {text(mail['to'])}</p><pre>{body}</pre>"
        f"<p>{link(mail['link'], 'Open the payment page')} &nbsp; {invoice}</p></article>"
    )


PAGES: dict[str, Show] = {"mails": list_page}
