"""The page about the events agrees with the code that makes them, and with the consumer that teams copy."""

from __future__ import annotations

import re

import msgspec

from chalicelib.api.models.change_events import CHANGE_EVENTS
from chalicelib.domain.changes import ChangeType
from infra.contract.document import EVENTS
from tests.infrastructure.test_consumer import template

PAGE = EVENTS.file.with_name("events.md").read_text()


def rows(header: str) -> list[list[str]]:
    """Returns the cells of the table under a header."""
    [table] = re.findall(rf"^\| {re.escape(header)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table.splitlines()]


def test_the_page_lists_every_event_with_the_documents_description() -> None:
    assert rows("event") == [[f"`{change_type}`", change_type.meaning] for change_type in ChangeType]


def test_the_page_describes_every_field_of_a_change() -> None:
    fields_on_page = {name for field, _ in rows("field of `detail`") for name in re.findall(r"`(\w+)`", field)}
    for model in CHANGE_EVENTS.values():
        assert fields_on_page == {field.encode_name for field in msgspec.structs.fields(model)}


def test_the_page_says_what_to_do_about_each_dead_letter_queue_of_the_consumer() -> None:
    queues = {name for name, each in template()["Resources"].items() if each["Type"] == "AWS::SQS::Queue"}
    assert {name for queue, *_ in rows("queue") for name in re.findall(r"`(\w+)`", queue)} == queues - {"Changes"}


def test_the_page_deploys_the_template_with_existing_parameters() -> None:
    [command] = re.findall(r"--parameter-overrides (.*)", PAGE)
    assert {each.partition("=")[0] for each in command.split()} <= set(template()["Parameters"])
