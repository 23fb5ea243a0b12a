"""Collects every worker's blueprint for `app.py`. No worker imports this module."""

from __future__ import annotations

from importlib import import_module

from chalice.app import Blueprint

from chalicelib import functions

WORKERS: tuple[Blueprint, ...] = tuple(
    import_module(f"chalicelib.workers.{function.name}").worker for function in functions.WORKERS
)
