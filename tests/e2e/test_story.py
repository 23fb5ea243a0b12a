"""The users' guide, told over HTTP: every sentence is true."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from infra.demo.people import Owner
from infra.demo.story import Story
from infra.demo.telling import Teller
from infra.local.stack import STRIPE_ACCOUNT, LocalStack


@pytest.mark.demo
def test_the_whole_guide_is_true(stack: LocalStack) -> None:
    told = io.StringIO()
    teller = Teller(Console(file=told, width=118))

    true = Story(stack, Owner(stack.urls.stripe, STRIPE_ACCOUNT["account_id"]), teller).tell()

    assert true, told.getvalue()
