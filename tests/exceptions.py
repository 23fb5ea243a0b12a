"""The exceptions of the system."""

from __future__ import annotations

import importlib
import pkgutil

import chalicelib


def exceptions() -> list[type[BaseException]]:
    """Returns all exception classes that a module of chalicelib defines."""
    modules = [
        importlib.import_module(each.name) for each in pkgutil.walk_packages(chalicelib.__path__, "chalicelib.")
    ]
    return [
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, BaseException) and kind.__module__ == module.__name__
    ]
