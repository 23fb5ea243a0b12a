"""HTML of every page: its frame, and pages that only say something. Everything shown is escaped."""

from __future__ import annotations

from html import escape

_STYLE = """
body{font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;background:#f6f8fa;color:#30313d;margin:0;
overflow-wrap:anywhere}
main{max-width:34rem;margin:2.5rem auto;background:#fff;border-radius:12px;padding:2rem;box-shadow:0 4px 24px #0001}
h1{font-size:1.9rem;margin:.1rem 0}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}p{margin:.3rem 0}
.muted{color:#697386}table{width:100%;border-collapse:collapse;margin:.6rem 0}td{padding:.45rem 0;vertical-align:top}
td:last-child{text-align:right;white-space:nowrap}tr.total td{border-top:1px solid #e3e8ee;font-weight:600}
label{display:block;margin:.6rem 0 .1rem;font-size:.85rem;color:#4f566b}
input,select{width:100%;box-sizing:border-box;padding:.6rem;border:1px solid #cdd3dc;border-radius:6px;font:inherit}
input[type=radio]{width:auto}.row{display:flex;gap:.8rem}.row>div{flex:1;min-width:0}
button{width:100%;margin-top:1rem;padding:.75rem;border:0;border-radius:6px;background:#635bff;color:#fff;
font:600 1rem system-ui;cursor:pointer}button.plain{background:#e8ebf0;color:#30313d}
.badge{display:inline-block;padding:.1rem .6rem;border-radius:99px;font-size:.8rem;font-weight:600;background:#e8ebf0}
.paid{background:#d7f7c2;color:#006908}.bad{background:#ffe7f2;color:#b3093c}.wait{background:#fff3d6;color:#8a5a00}
.note{padding:.7rem 1rem;border-radius:8px;margin:1rem 0}footer{font-size:.8rem;color:#697386;margin-top:1.5rem}
fieldset{border:0;padding:0;margin:0}legend{font-weight:600;margin:1.6rem 0 .4rem;padding:0}
input[aria-invalid=true]{border-color:#b3093c}.note:focus{outline:2px solid currentcolor}
@media(max-width:36rem){main{margin:0;border-radius:0;padding:1.25rem}}
"""


def page(title: str, body: str) -> str:
    """Returns a whole document."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{body}"
        "<footer>Stripe double: a local stand-in. No money moves.</footer></main></body></html>"
    )


def isolated(text: str) -> str:
    """Returns somebody's text, escaped, with a writing direction of its own."""
    return f"<bdi>{escape(text)}</bdi>"


def message(title: str, text: str) -> str:
    """Returns a page that only says something."""
    return page(title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>")


def no_dashboard(path: str) -> str:
    """Returns the page at an address of Stripe's Dashboard, which the double does not have."""
    return message(
        "This stand-in has no dashboard",
        f"At Stripe, {path or '/'} is a page of the Dashboard. Here, calls of the double take its place: the section"
        " 'Instead of the dashboard' of README.md has them.",
    )
