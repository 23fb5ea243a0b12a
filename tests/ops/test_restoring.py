"""`restore-items`, and the run book around it: after a disaster the books tie out, and nobody is billed twice."""

from __future__ import annotations

import boto3
import pytest

from tests.backends import Aws, aws
from tests.ops.rehearsed_town import BLUE, RehearsedTown
from tests.ops.rehearsing import COPY, Rehearsal, run_book_commands
from tests.ops.restoring import rehearse

__all__ = ["aws"]


@pytest.fixture
def fresh(request: pytest.FixtureRequest) -> Aws:
    made: Aws = request.getfixturevalue("aws")
    return made
