"""Prepares the classes that msgspec decodes, before a process has several threads.

msgspec (0.22) analyzes the fields of a class when the class is first decoded. If a second thread decodes the same
class at that time, it reads fields that do not exist yet, and the process ends with SIGSEGV. A Lambda serves one
request at a time, so this concerns the local stack only.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator

import msgspec

import chalicelib


def prepare() -> None:
    """Makes msgspec analyze the fields of each model and dataclass of chalicelib."""
    for kind in _classes():
        try:
            msgspec.json.Decoder(kind)
        except TypeError:
            continue  # msgspec cannot decode this class, so nothing does


def _classes() -> Iterator[type]:
    for module_info in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        module = importlib.import_module(module_info.name)
        for kind in vars(module).values():
            defined_here = isinstance(kind, type) and kind.__module__ == module.__name__
            if defined_here and (issubclass(kind, msgspec.Struct) or dataclasses.is_dataclass(kind)):
                yield kind
