"""A rehearsal of a disaster: restores tables to an earlier time with the run book's commands, on any DynamoDB."""

from __future__ import annotations

import json
import re
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from chalicelib.adapters.tables.database import NAMES
from infra.ops.__main__ import main
from infra.package import ROOT
from tests.backends import empty_tables
from tests.ops.rehearsed_town import RehearsedTown

RUN_BOOK = (ROOT / "docs/runbooks/restore-from-pitr.md").read_text()
COPY = "-restored"
Items = list[dict[str, Any]]

ERASED = "erased.txt"
"""Where the run book puts the log lines about erasures."""

NOT_HERE = ("status",)
"""Asks CloudWatch and SQS, which a rehearsal of the tables does not have."""


def run_book_commands() -> list[list[str]]:
    """Returns the words of each command in the run book's blocks, as printed, without `./ops`."""
    blocks = re.findall(r"```sh\n(.*?)```", RUN_BOOK, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("./ops")]
    return [shlex.split(line)[1:] for line in lines]


@dataclass
class Rehearsal:
    """A town, the copies of its tables, and an operator."""

    town: RehearsedTown
    prefix: str
    patch: pytest.MonkeyPatch
    screen: pytest.CaptureFixture[str]
    copies: dict[str, Items] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    """The lines that the function `erasures` has logged."""

    def __post_init__(self) -> None:
        self.patch.setattr("infra.ops.cli.Stage", lambda _: self.town.stage(self.prefix))
        self.patch.setattr("infra.ops.cli.environment_of", lambda *_: {})

    def copies_tables(self, names: Sequence[str] = tuple(NAMES.values())) -> None:
        """Remembers all items of these tables, as DynamoDB could restore them from this moment on."""
        pages = boto3.client("dynamodb").get_paginator("scan")
        for name in names:
            items_pages = pages.paginate(TableName=self.prefix + name, ConsistentRead=True)
            self.copies[name] = [item for page in items_pages for item in page["Items"]]

    def loses_tables(self) -> None:
        empty_tables()

    def restores_copies(self) -> None:
        """Restores each table into a new table next to it, as DynamoDB does."""
        client = boto3.client("dynamodb")
        for name, items in self.copies.items():
            table = client.describe_table(TableName=self.prefix + name)["Table"]
            names = {each["AttributeName"] for each in table["KeySchema"]}
            client.create_table(
                TableName=self.prefix + name + COPY,
                KeySchema=table["KeySchema"],
                AttributeDefinitions=[d for d in table["AttributeDefinitions"] if d["AttributeName"] in names],
                BillingMode="PAY_PER_REQUEST",
            )
            for start in range(0, len(items), 25):
                puts = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
                client.batch_write_item(RequestItems={self.prefix + name + COPY: puts})

    def clears_up(self) -> None:
        """Empties all tables, and deletes the copies."""
        empty_tables()
        client = boto3.client("dynamodb")
        for name in self.copies:
            client.delete_table(TableName=self.prefix + name + COPY)

    def _erased(self) -> str:
        """Returns the name of a file with CloudWatch's log lines about erasures."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
            file.write("\n".join(self.log))
        return file.name

    def does(self, *words: str) -> tuple[int, Mapping[str, Any]]:
        """Runs one command. Returns its exit status and its JSON."""
        self.screen.readouterr()
        status = main(["--json", *words])
        out = self.screen.readouterr().out
        return status, json.loads(out) if out.strip() else {}

    def follows_the_run_book(self) -> list[tuple[list[str], int, Mapping[str, Any]]]:
        """Types every command that the run book has in its blocks, as printed, and says yes when asked.

        Returns the words, the exit status and the JSON of each. The workers work in between.
        """
        results = []
        for words in run_book_commands():
            if words[0] not in NOT_HERE:
                asks = words == ["restore-items"]
                arguments = [self._erased() if each == ERASED else each for each in words]
                results.append((words, *self.does(*arguments, *(["--yes"] if asks else []))))
                self.town.work()
        return results
