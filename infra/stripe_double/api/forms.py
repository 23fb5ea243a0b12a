"""Decodes Stripe's form encoding, such as `lines[0][price_data][currency]=usd`, to nested dicts and lists."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from ..errors import InvalidParams

_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PART = re.compile(r"\[([^\[\]]*)\]")


def decode(form_text: str) -> dict[str, Any]:
    """Returns a query string or form body as nested dicts and lists of strings.

    Raises InvalidParams for a malformed key.
    """
    root: dict[str, Any] = {}
    append_index = 0
    for key, value in parse_qsl(form_text, keep_blank_values=True, encoding="utf-8", errors="strict"):
        match = _KEY.match(key)
        if match is None:
            raise InvalidParams(f"Invalid parameter name: {key}", param=key)
        parts = [match.group(1), *_PART.findall(match.group(2))]
        node = root
        for part in parts[:-1]:
            child = node.setdefault(part, {})
            if not isinstance(child, dict):
                raise InvalidParams(f"Invalid parameter: {key} is given as a value and as a hash", param=key)
            node = child
        last = parts[-1]
        if last == "":  # `types[]=a&types[]=b`
            last = str(append_index)
            append_index += 1
        node[last] = value
    return {k: _as_lists(v) for k, v in root.items()}


def _as_lists(value: Any) -> Any:
    """Returns a list in place of each dict that has only numbers as keys, because Stripe encodes lists that way."""
    if not isinstance(value, dict):
        return value
    if value and all(k.isdigit() for k in value):
        return [_as_lists(v) for _, v in sorted(value.items(), key=lambda kv: int(kv[0]))]
    return {k: _as_lists(v) for k, v in value.items()}
