"""Draws the dashboard from its definition: `python -m infra.ops.picture` writes docs/dashboard.svg."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from infra.template.dashboard import body

FILE = Path(__file__).resolve().parents[2] / "docs" / "dashboard.svg"
UNIT_X, UNIT_Y, GAP = 44, 22, 5
LABELS = 7
COLOURS = ("#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5")


def picture() -> str:
    """The dashboard as it is laid out, with each widget's title, lines and alarm thresholds; no data."""
    widgets = body()["widgets"]
    width = max(each["x"] + each["width"] for each in widgets) * UNIT_X
    height = max(each["y"] + each["height"] for each in widgets) * UNIT_Y
    drawn = "\n".join(_widget(each) for each in widgets)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">\n'
        f'<rect width="{width}" height="{height}" fill="#f2f3f3"/>\n{drawn}\n</svg>\n'
    )


def _widget(widget: dict[str, Any]) -> str:
    x, y = widget["x"] * UNIT_X + GAP, widget["y"] * UNIT_Y + GAP
    width, height = widget["width"] * UNIT_X - 2 * GAP, widget["height"] * UNIT_Y - 2 * GAP
    properties = widget["properties"]
    parts = [f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" fill="#fff" stroke="#d5dbdb"/>']
    if widget["type"] == "text":
        title, _, more = properties["markdown"].removeprefix("## ").partition("\n")
        parts += [_text(x + 8, y + 16, title, 14, bold=True), _text(x + 8, y + 31, _plain(more), 10)]
    elif widget["type"] == "alarm":
        names = [arn.rpartition("}-")[2] for arn in properties["alarms"]]
        parts.append(_text(x + 8, y + 16, f"Alarms: {len(names)}", 12, bold=True))
        rows = [names[start : start + 11] for start in range(0, len(names), 11)]
        parts += [_text(x + 8, y + 32 + 13 * n, "   ".join(row), 9) for n, row in enumerate(rows)]
    else:
        parts += _graph(properties, x, y, width, height)
    return "".join(parts)


def _graph(properties: dict[str, Any], x: int, y: int, width: int, height: int) -> list[str]:
    parts = [_text(x + 8, y + 16, properties["title"], 12, bold=True)]
    for n, line in enumerate(properties.get("annotations", {}).get("horizontal", ())):
        at = y + 34 + 14 * n
        parts.append(f'<path d="M{x + 8} {at}h{width - 16}" stroke="#d13212" stroke-dasharray="4 3"/>')
        parts.append(_text(x + 10, at - 3, f"{line['label']}: {line['value']:g}", 9, colour="#d13212"))
    labels = [_label(row) for row in properties["metrics"] if row[-1].get("visible", True)]
    shown = labels[:LABELS] + ([f"and {len(labels) - LABELS} more"] if len(labels) > LABELS else [])
    for n, label in enumerate(shown):
        at = y + height - 8 - 11 * (len(shown) - 1 - n)
        parts.append(f'<rect x="{x + 8}" y="{at - 7}" width="8" height="8" fill="{COLOURS[n % len(COLOURS)]}"/>')
        parts.append(_text(x + 20, at, label, 9))
    return parts


def _label(row: list[Any]) -> str:
    options = row[-1]
    if str(options.get("expression")).startswith("SEARCH"):
        return "a line for each"
    return str(options.get("label") or row[1])


def _plain(markdown: str) -> str:
    kept = markdown.partition(" Run books: ")
    names = [part.partition("]")[0] for part in kept[2].split("[")[1:]]
    return kept[0] + (f"   Run books: {', '.join(names)}" if names else "")


def _text(x: int, y: int, text: str, size: int, *, bold: bool = False, colour: str = "#16191f") -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}"{weight}>{escape(text)}</text>'


if __name__ == "__main__":
    FILE.write_text(picture())
