"""Fixtures of the contract tests."""

from __future__ import annotations

from tests.backends import aws, backend, stores_on_tables

__all__ = ["aws", "backend", "stores_on_tables"]
