"""Builds pieces of HTML. Every text that is not `Html` already is escaped when it is put into a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape

from ..objects.accounts import zone
from ..objects.money import format_amount
from ..state.ledger import JSON, Ledger
from .visit import Visit

ROWS_PER_PAGE = 50
"""The number of rows of a list on one page."""


class Html(str):
    """A string that is HTML."""


NOTHING = Html("")


def text(words: str) -> Html:
    """Returns HTML unchanged, and any other text escaped, with its own writing direction."""
    return words if isinstance(words, Html) else Html(f"<bdi>{escape(words)}</bdi>") if words else NOTHING


def join(*parts: str) -> Html:
    """Returns the parts one after the other."""
    return Html("".join(map(text, parts)))


def link(href: str, words: str) -> Html:
    """Returns a link."""
    return Html(f'<a class=act href="{escape(href)}">{text(words)}</a>')


def badge(words: str, kind: str = "") -> Html:
    """Returns a status as words, with a colour as an addition: `paid`, `wait` or `bad`."""
    return Html(f'<span class="badge {kind}">{escape(words)}</span>')


def code(object_id: str) -> Html:
    """Returns an id in a monospaced font."""
    return Html(f"<code>{escape(object_id)}</code>")


def muted_text(words: str) -> Html:
    """Returns a paragraph in a muted colour."""
    return Html(f"<p class=muted>{text(words)}</p>")


def note(words: str, kind: str = "wait") -> Html:
    """Returns a highlighted paragraph."""
    return Html(f'<p class="note {kind}">{text(words)}</p>')


def money(amount: int | None, currency: str) -> Html:
    """Returns an amount of minor units; a dash if the amount is None."""
    return Html("—" if amount is None else escape(format_amount(amount, currency)))


def local_time(ledger: Ledger, at: float | None) -> Html:
    """Returns an epoch second in the account's time zone; a dash if it is None."""
    if at is None:
        return Html("—")
    local = datetime.fromtimestamp(int(at), zone(ledger.account))
    return Html(f'<time datetime="{local.isoformat()}">{local.strftime("%b %-d, %Y, %-I:%M %p")}</time>')


def utc_day(at: int) -> Html:
    """Returns the UTC day of an epoch second, for dates such as `arrival_date` that stand for a whole day."""
    return Html(datetime.fromtimestamp(at, UTC).strftime("%b %-d, %Y"))


def section(heading: str, *parts: str) -> Html:
    """Returns a section of the page with a heading."""
    return Html(f"<section><h2>{text(heading)}</h2>{join(*parts)}</section>")


def columns(*parts: Html) -> Html:
    """Returns the parts side by side where the window is wide enough."""
    return Html(f'<div class="columns">{"".join(parts)}</div>')


def description_list(pairs: Iterable[tuple[str, str]]) -> Html:
    """Returns a list of names and values, without the pairs that have no value."""
    return Html(
        f"<dl>{''.join(f'<dt>{text(name)}</dt><dd>{text(value)}</dd>' for name, value in pairs if value)}</dl>"
    )


def table(
    label: str, names: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str, amount_columns: Sequence[str] = ()
) -> Html:
    """Returns a table, or the sentence `empty` if there are no rows. A table wider than the window scrolls on its
    own.

    On a phone each row is a block, in which each cell shows its column's name. The ARIA roles are there because some
    browsers no longer treat a table with this style as a table. `label` names the table for screen readers.
    `amount_columns` are the columns that hold amounts.
    """
    body_rows = "".join(f"<tr role=row>{_cells(names, row, amount_columns)}</tr>" for row in rows)
    if not body_rows:
        return muted_text(empty)
    head = "".join(
        f"<th scope=col role=columnheader{_class_of_column(name, amount_columns)}>{escape(name)}</th>"
        for name in names
    )
    return Html(
        f'<div class="scroll" role=region tabindex=0 aria-label="{escape(label)}">'
        f'<table role=table aria-label="{escape(label)}"><thead role=rowgroup><tr role=row>{head}</tr></thead>'
        f"<tbody role=rowgroup>{body_rows}</tbody></table></div>"
    )


def _cells(names: Sequence[str], row: Sequence[str], amount_columns: Sequence[str]) -> str:
    return "".join(
        f'<td role=cell data-name="{escape(name)}"{_class_of_column(name, amount_columns)}>{text(value)}</td>'
        for name, value in zip(names, row, strict=True)
    )


def _class_of_column(name: str, amount_columns: Sequence[str]) -> str:
    return " class=sum" if name in amount_columns else ""


def paginate(visit: Visit, newest_first: Sequence[JSON], path: str) -> tuple[Sequence[JSON], Html]:
    """Returns the items on the requested page, and the links to the pages before and after it."""
    requested = visit.query.get("page", "1")
    last = max(1, -(-len(newest_first) // ROWS_PER_PAGE))
    number = (
        min(max(int(requested), 1), last) if requested.isascii() and requested.isdigit() and len(requested) < 9 else 1
    )
    page_items = newest_first[(number - 1) * ROWS_PER_PAGE : number * ROWS_PER_PAGE]
    if last == 1:
        return page_items, NOTHING
    links = [
        link(f"{visit.url(path)}?page={to}", words)
        for words, to in (("Newer", number - 1), ("Older", number + 1))
        if 1 <= to <= last
    ]
    where = Html(f"<span class=muted>Page {number} of {last}, {len(newest_first):,} in all</span>")
    return page_items, Html(f'<nav class="pages" aria-label="Pages">{"".join([*links, where])}</nav>')


def form(
    visit: Visit,
    path: str,
    act: str,
    button: str,
    *inputs: tuple[str, Html],
    of: str = "",
    plain: bool = False,
    aria_label: str = "",
) -> Html:
    """Returns a form that sends the action `act` of the page `path`, with its inputs by name and its button.

    `of` is the id of the form's object, if the page has several such forms. `aria_label` replaces the button's words
    for screen readers, if several buttons have the same words. If the form was sent and refused, it shows the reason
    next to the input to correct.
    """
    problem = visit.problem_of_form(act, of)
    parts = []
    for name, input_html in inputs:
        at_input = problem is not None and problem.name == name
        parts.append(input_html)
        if problem is not None and at_input:
            parts.append(_problem(problem.message, f"{act}-{name}-problem"))
    if problem is not None and problem.name not in dict(inputs):
        parts.insert(0, _problem(problem.message, f"{act}-problem"))
    hidden = f'<input type=hidden name=of value="{escape(of)}">' if of else ""
    label = f' aria-label="{escape(aria_label)}"' if aria_label else ""
    kind = " class=plain" if plain else ""
    return Html(
        f'<form method=post action="{escape(visit.url(f"{path}/{act}"))}">{hidden}{"".join(parts)}'
        f"<button{kind}{label}>{escape(button)}</button></form>"
    )


def entry(visit: Visit, act: str, name: str, label: str, value: str = "", hint: str = "") -> tuple[str, Html]:
    """Returns an input with its label. After a refusal, the input holds the text that the person typed."""
    problem = visit.problem if visit.problem is not None and visit.problem.act == act else None
    value_text = visit.form.get(name, value) if problem else value
    ids = [f"{act}-{name}-hint"] if hint else []
    aria_invalid = ""
    if problem is not None and problem.name == name:
        ids.append(f"{act}-{name}-problem")
        aria_invalid = " aria-invalid=true"
    aria_describedby = f' aria-describedby="{" ".join(ids)}"' if ids else ""
    hint_html = f'<p class=muted id="{act}-{name}-hint">{escape(hint)}</p>' if hint else ""
    field = f"{act}-{name}"
    return name, Html(
        f'<label for="{field}">{escape(label)}</label><input id="{field}" name="{name}" value="{escape(value_text)}"'
        f" autocomplete=off{aria_invalid}{aria_describedby}>{hint_html}"
    )


def choice(visit: Visit, act: str, name: str, label: str, options: Mapping[str, str]) -> tuple[str, Html]:
    """Returns a select input. `options` maps the value of each option to its words."""
    chosen = visit.form.get(name) if visit.problem is not None and visit.problem.act == act else None
    options_html = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(words)}</option>'
        for value, words in options.items()
    )
    return name, Html(
        f'<label for="{act}-{name}">{escape(label)}</label>'
        f'<select id="{act}-{name}" name="{name}">{options_html}</select>'
    )


def chosen_option(visit: Visit, name: str, options: Mapping[str, str]) -> str:
    """Returns the submitted option; the first option if the form has none of them."""
    submitted = visit.form.get(name, "")
    return submitted if submitted in options else next(iter(options))


def buttons(*forms: Html) -> Html:
    """Returns small forms side by side."""
    return Html(f'<div class="buttons">{"".join(forms)}</div>')


def _problem(message: str, name: str) -> Html:
    return Html(f'<p class="problem" role=alert id="{name}">{escape(message)}</p>')
