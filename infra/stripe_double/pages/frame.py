"""The HTML frame of every page, and pages with only a message. Every text is escaped."""

from __future__ import annotations

from html import escape

_LIGHT = """--ground:#f6f8fa;--sheet:#fff;--ink:#30313d;--muted:#566072;--line:#dfe4ea;--edge:#7b8494;
--accent:#1f56c4;--quiet:#e8ebf0;--good:#d7f7c2;--good-ink:#005c07;--bad:#ffe7f2;--bad-ink:#a80a38;--wait:#fff3d6;--wait-ink:#774b00"""
_DARK = """--ground:#12151b;--sheet:#1b1f27;--ink:#e4e7ec;--muted:#a5afbe;--line:#343b47;--edge:#808b9c;
--accent:#8ab4ff;--quiet:#2c333f;--good:#123a1c;--good-ink:#9be3a6;--bad:#4a1628;--bad-ink:#ffb3c8;--wait:#44330c;--wait-ink:#ffd98a"""
_STYLE = (
    f"""
:root{{color-scheme:light dark;{_LIGHT}}}@media(prefers-color-scheme:dark){{:root{{{_DARK}}}}}
"""
    + """
body{font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;background:var(--ground);color:var(--ink);margin:0;
overflow-wrap:anywhere}
main{max-width:34rem;margin:2.5rem auto;background:var(--sheet);border-radius:12px;padding:2rem;
box-shadow:0 4px 24px #0001}
h1{font-size:1.9rem;margin:.1rem 0}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}p{margin:.3rem 0}a{color:var(--accent)}
.muted{color:var(--muted)}table{width:100%;border-collapse:collapse;margin:.6rem 0}
td{padding:.45rem 0;vertical-align:top}
td:last-child{text-align:right;white-space:nowrap}tr.total td{border-top:1px solid var(--line);font-weight:600}
label{display:block;margin:.6rem 0 .1rem;font-size:.85rem;color:var(--muted)}
input,select{width:100%;box-sizing:border-box;padding:.6rem;border:1px solid var(--edge);border-radius:6px;
font:inherit;background:var(--sheet);color:inherit}
::placeholder{color:var(--muted);opacity:1}input[type=radio]{width:auto}.row{display:flex;gap:.8rem}.row>div{flex:1;min-width:0}
button{width:100%;margin-top:1rem;padding:.75rem;border:0;border-radius:6px;background:#1f56c4;color:#fff;
font:600 1rem system-ui;cursor:pointer}button.plain{background:var(--quiet);color:var(--ink)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.badge{display:inline-block;padding:.1rem .6rem;border-radius:99px;font-size:.8rem;font-weight:600;
background:var(--quiet)}
.paid{background:var(--good);color:var(--good-ink)}.bad{background:var(--bad);color:var(--bad-ink)}
.wait{background:var(--wait);color:var(--wait-ink)}
.note{padding:.7rem 1rem;border-radius:8px;margin:1rem 0}footer{font-size:.8rem;color:var(--muted);margin-top:1.5rem}
fieldset{border:0;padding:0;margin:0}legend{font-weight:600;margin:1.6rem 0 .4rem;padding:0}
input[aria-invalid=true]{border-color:var(--bad-ink)}.note:focus{outline:2px solid currentcolor}
@media(max-width:36rem){main{margin:0;border-radius:0;padding:1.25rem}}
"""
)
NO_MONEY = "Stripe double: a local stand-in. No money moves."


def page(title: str, body: str) -> str:
    """Returns a whole document with one narrow sheet, as payers see it."""
    return document(title, f"<main>{body}<footer>{NO_MONEY}</footer></main>")


def document(title: str, body: str, style: str = "") -> str:
    """Returns a whole document. `style` is added to the style of all pages."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}{style}</style></head><body>{body}</body></html>"
    )


def isolated(text: str) -> str:
    """Returns a text escaped, with its own writing direction."""
    return f"<bdi>{escape(text)}</bdi>"


def message(title: str, text: str) -> str:
    """Returns a page with a title and one sentence."""
    return page(title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>")
