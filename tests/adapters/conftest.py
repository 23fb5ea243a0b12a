"""Fixtures of the adapters' own tests."""

from __future__ import annotations

from tests.backends import aws, stores_on_tables

__all__ = ["aws", "stores_on_tables"]
