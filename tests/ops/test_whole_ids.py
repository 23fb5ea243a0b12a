"""No table breaks an id: on a screen of 80 columns, of 40, and in a pipe, however long the id is."""

from __future__ import annotations

from typing import Any

import pytest

from infra.ops.payout_rows import payout_lines
from infra.ops.screen import Screen

SENTENCE = "Stripe has refused this order because its customer was deleted there in the meantime."
LENGTHS = (18, 27, 66, 79, 120, 255)
WIDTHS = ("80", "40", None)


@pytest.fixture(params=WIDTHS, ids=["80 columns", "40 columns", "a pipe"])
def screen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.delenv("COLUMNS", raising=False)
    if request.param is not None:
        monkeypatch.setenv("COLUMNS", request.param)
    return Screen()


def id_of(prefix: str, length: int) -> str:
    """Returns an id of so many characters, as Stripe makes them."""
    letters = "1AbC2dEf3GhI4jKl5MnO6pQr7StU8vWx9YzZ"
    return (prefix + letters * 8)[:length]


@pytest.mark.parametrize("length", LENGTHS)
def test_an_id_of_any_length_is_unbroken_in_a_table(
    screen: Screen, capsys: pytest.CaptureFixture[str], length: int
) -> None:
    row = {
        "organization": id_of("org_", length),
        "account": id_of("acct_", length),
        "webhooks": SENTENCE,
        "parked": 0,
    }

    screen.table("rows", f"Invoice {id_of('inv_', length)}", [row, {**row, "parked": 1}])

    out = capsys.readouterr().out.split()
    assert (out.count(row["organization"]), out.count(row["account"])) == (2, 2)
    assert out.count(id_of("inv_", length)) == 1
    assert set(SENTENCE.split()) <= set(out)


@pytest.mark.parametrize("length", LENGTHS)
def test_an_id_is_unbroken_in_lines_and_in_the_title_of_an_empty_table(
    screen: Screen, capsys: pytest.CaptureFixture[str], length: int
) -> None:
    payout, empty = id_of("po_", length), id_of("evt_", length)
    row: dict[str, Any] = {
        "arrives_on": "2026-01-05", "id": payout, "amount": "1042.10", "currency": "usd", "status": "paid",
        "lines": 3, "invoices": 2, "unexplained": "0.00", "result": "differs", "why": SENTENCE,
    }  # fmt: skip
    heading, lines = payout_lines([row])

    screen.lines("payouts", f"Payouts of {empty}", [row], lines, heading)
    screen.table("none", f"Event {empty}", [])

    out = capsys.readouterr().out
    assert out.split().count(payout) == 1
    assert out.count(empty) == 2


def test_only_an_id_that_is_longer_than_the_screen_makes_a_line_longer(
    screen: Screen, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    long_id = id_of("cs_test_", 100)

    screen.table("rows", "Rows", [{"session": long_id, "why": SENTENCE, "account": id_of("acct_", 21)}])

    longer = [line for line in capsys.readouterr().out.splitlines() if len(line) > 80]
    assert [line.strip() for line in longer] == [long_id]


def test_text_that_looks_like_markup_is_shown_as_it_is(screen: Screen, capsys: pytest.CaptureFixture[str]) -> None:
    screen.table("rows", "[bold]:smile:", [{"id": "[red]:warning:[/red]"}])

    out = capsys.readouterr().out
    assert "[bold]:smile:" in out
    assert "[red]:warning:[/red]" in out


def test_a_name_with_control_characters_sends_none_to_the_terminal(
    screen: Screen, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "Dana\x1b]52;c;cm0gLXJm\x07\x9b2J\r\u202eOrtiz"
    screen.table("rows", name, [{"name": name}])
    screen.table("none", name, [])
    screen.lines("lines", name, [{"name": name}], [(name,)])
    screen.fact("name", name, name)
    screen.warning(name)
    screen.failure(name)
    screen.step(name)
    output = capsys.readouterr()
    assert [each for each in output.out + output.err if not each.isprintable() and each != "\n"] == []
    assert (output.out.count("Ortiz"), output.err.count("Ortiz")) == (6, 3)
