"""The frame around each page of the dashboard: the banner, the account, the menu, and the result of the last
action.
"""

from __future__ import annotations

from html import escape

from ..objects.accounts import name_of, zone
from ..pages.frame import NO_MONEY, document
from .pieces import Html, link, note, text
from .visit import Page, Visit

MENU = {
    "": "Home",
    "payments": "Payments",
    "disputes": "Disputes",
    "invoices": "Invoices",
    "customers": "Customers",
    "payouts": "Payouts",
    "mails": "Mails",
    "webhooks": "Webhooks",
    "account/status": "Account",
}
"""Pages of an account by their path."""

STYLE = """
main{max-width:72rem;box-sizing:border-box;margin:0 auto;padding:1.5rem 2rem 2.5rem;background:none;box-shadow:none}
h1{font-size:1.6rem}h2{margin:0 0 .5rem}.banner{background:var(--wait);color:var(--wait-ink);margin:0;
padding:.35rem 1rem;text-align:center;font-size:.9rem;font-weight:600}
.top{background:var(--sheet);border-bottom:1px solid var(--line)}
.top>*{max-width:72rem;margin:0 auto;padding:.6rem 2rem;box-sizing:border-box}
.top p{padding-bottom:0}nav ul{display:flex;flex-wrap:wrap;gap:.15rem;list-style:none;margin:0 0 0 -.7rem;padding:0}
nav a{display:block;padding:.3rem .7rem;border-radius:6px;text-decoration:none;color:var(--ink)}
nav a:hover{background:var(--quiet)}
nav a[aria-current]{background:var(--quiet);font-weight:600;box-shadow:inset 0 -3px var(--accent)}
section,article{background:var(--sheet);border:1px solid var(--line);border-radius:10px;padding:1.1rem 1.25rem;
margin:1rem 0}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:1rem}
.columns>*{margin:0}.columns+*,*+.columns{margin-top:1rem}
.scroll{overflow-x:auto}.scroll table{min-width:40rem;margin:0}
ul{margin:.3rem 0;padding-left:1.2rem}li{padding:.15rem 0}
th,td{padding:.5rem .9rem .5rem 0;text-align:left;vertical-align:top;white-space:normal;max-width:26rem}
th{font-size:.8rem;color:var(--muted);font-weight:600}tr{border-top:1px solid var(--line)}
thead tr{border-top:0}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.35rem 1.2rem;margin:.4rem 0}
dt{color:var(--muted)}dd{margin:0;min-width:0}code{font:.85em ui-monospace,monospace}
.figure{font-size:1.5rem;font-weight:600;font-variant-numeric:tabular-nums}
button{width:auto;margin:.6rem .4rem 0 0;padding:.45rem .9rem;font-size:.95rem}
td:last-child{text-align:left;white-space:normal}th.sum,td.sum{text-align:right;white-space:nowrap;
font-variant-numeric:tabular-nums}td form,li form{margin:0}td button{margin:0;padding:.2rem .7rem;font-size:.85rem}
input,select{display:block;max-width:24rem;padding:.4rem .6rem}form+form{margin-top:1rem}
.problem{color:var(--bad-ink);font-weight:600;margin:.25rem 0}.buttons{display:flex;flex-wrap:wrap}
.buttons form+form{margin:0}pre{white-space:pre-wrap;font:inherit;margin:.6rem 0;padding-left:1rem;
border-left:3px solid var(--line)}.done{background:var(--good);color:var(--good-ink)}
.badge,td time{white-space:nowrap}.act{display:inline-block;padding:.3rem 0;margin:-.3rem 0}li .act{display:inline}
.pages{display:flex;gap:1.5rem;align-items:center;margin:.6rem 0}
.pages a{padding:.3rem 0}
@media(max-width:36rem){main,.top>*{padding-left:1rem;padding-right:1rem}dl{grid-template-columns:1fr;gap:0}
dd{margin-bottom:.5rem}section,article{padding:1rem}.banner{font-size:.8rem;padding:.35rem .5rem}
table,tbody,tr,td{display:block}.scroll table{min-width:0}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tr{padding:.5rem 0}
td,td.sum{display:grid;grid-template-columns:6.5rem minmax(0,1fr);gap:.6rem;text-align:left;padding:.15rem 0;
justify-items:start}
td::before{content:attr(data-name);color:var(--muted);font-size:.85rem}td:empty{display:none}
.badge{white-space:normal;border-radius:.6rem}}
"""


def account_page(visit: Visit, section: str, page: Page, message: str = "") -> str:
    """Returns a page of an account, with the menu. `message` is the result of the last action."""
    notice, problem = "", visit.problem
    if problem is not None and not problem.displayed:  # the form that was sent is no longer on the page
        notice = f'<p class="note bad" role=alert>{escape(problem.message)}</p>'
    elif message:
        notice = f'<p class="note done" role=status>{escape(message)}</p>'
    error = "Error: " if problem is not None else ""
    title = f"{error}{page.title} - {name_of(visit.ledger.account)}"
    return _document(title, _menu(visit, section), f"<h1>{text(page.title)}</h1>{notice}{page.body}")


def page_without_account(title: str, body: str) -> str:
    """Returns a page that belongs to no account."""
    return _document(title, '<p><a href="/dashboard">All accounts</a></p>', f"<h1>{escape(title)}</h1>{body}")


def not_found_page(path: str, home: str = "/dashboard") -> str:
    """Returns the page for an address that does not exist."""
    where = link(home, "Go to the home page of the account" if home != "/dashboard" else "Go to the accounts")
    return page_without_account(
        "Not found", f"<section><p>There is nothing at {escape(path or '/')}.</p><p>{where}</p></section>"
    )


def cross_site_page() -> str:
    """Returns the page for a form that came from another site."""
    explanation = note(
        "A page of another site sent this form. Nothing was changed. Press the button on the dashboard's page."
    )
    return page_without_account("Refused", explanation)


def _menu(visit: Visit, section: str) -> Html:
    mode = "live mode" if visit.ledger.livemode else "test mode"
    times = f"times of {escape(zone(visit.ledger.account).key)}"
    name, account = text(name_of(visit.ledger.account)), escape(visit.ledger.id)
    accounts_link = link("/dashboard", "All accounts")
    account_line = f"<p><b>{name}</b> <span class=muted>{account}, {mode}, {times}</span> {accounts_link}</p>"
    items = "".join(
        f'<li><a href="{escape(visit.url(path))}"{" aria-current=page" if path == section else ""}>{name}</a></li>'
        for path, name in MENU.items()
    )
    return Html(f'{account_line}<nav aria-label="Dashboard"><ul>{items}</ul></nav>')


def _document(title: str, head: str, body: str) -> str:
    banner = f"<p class=banner>{NO_MONEY}</p>"
    return document(title, f'<header>{banner}<div class="top">{head}</div></header><main>{body}</main>', STYLE)
