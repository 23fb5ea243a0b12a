"""Provides the company in which tests of erasures begin."""

from __future__ import annotations

import pytest

from tests.usecases.erasing.person import Company


@pytest.fixture
def company() -> Company:
    return Company()
