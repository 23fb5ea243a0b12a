"""All errors of one request are reported together."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.domain.error_collector import MAX_ERRORS, ErrorCollector, attach, errors_raised_by, raise_all
from chalicelib.domain.errors import Conflict, IntegrationError, Refused


def refusal_of_line(number: int) -> Refused:
    return Refused("c", "m", field=f"lines[{number}]", next_step="Correct it.")


def fields(error: IntegrationError) -> list[str | None]:
    return [each.field for each in (error, *error.others)]


def test_the_first_error_is_raised_and_holds_the_other_errors_in_order() -> None:
    with pytest.raises(Refused) as error_info:
        raise_all(refusal_of_line(n) for n in (2, 0, 1))
    assert fields(error_info.value) == ["lines[2]", "lines[0]", "lines[1]"]
    assert not error_info.value.more


def test_no_error_is_no_exception() -> None:
    raise_all(errors_raised_by(len, []))


def test_an_error_found_twice_is_listed_once() -> None:
    with pytest.raises(Refused) as error_info:
        raise_all(refusal_of_line(n) for n in (0, 1, 0, 1))
    assert fields(error_info.value) == ["lines[0]", "lines[1]"]


def test_the_errors_held_by_an_error_are_listed_too() -> None:
    def rule() -> None:
        raise_all(refusal_of_line(n) for n in (1, 2))

    first = refusal_of_line(0)
    attach(first, errors_raised_by(rule))
    assert fields(first) == ["lines[0]", "lines[1]", "lines[2]"]


@pytest.mark.parametrize(("number", "more_exist"), [(MAX_ERRORS, False), (MAX_ERRORS + 1, True)])
def test_a_refusal_beyond_the_limit_of_errors_states_only_that_there_are_more(number: int, more_exist: bool) -> None:
    with pytest.raises(Refused) as error_info:
        raise_all(refusal_of_line(n) for n in range(number))
    assert len(fields(error_info.value)) == MAX_ERRORS
    assert error_info.value.more is more_exist


def test_checking_stops_at_the_first_error_beyond_the_limit() -> None:
    raised_numbers: list[int] = []

    def endless() -> Iterator[IntegrationError]:
        while True:
            raised_numbers.append(1)
            yield refusal_of_line(len(raised_numbers))

    with pytest.raises(Refused):
        raise_all(endless())
    assert len(raised_numbers) == MAX_ERRORS + 1


def test_an_error_not_caused_by_the_request_is_raised_immediately() -> None:
    def not_connected() -> None:
        raise Conflict("stripe_not_connected", "m", next_step="Connect it.")

    with pytest.raises(Conflict):
        raise_all(errors_raised_by(not_connected))


def test_each_rule_is_tried_and_its_value_or_error_collected() -> None:
    every = ErrorCollector()
    with every:
        raise_all(refusal_of_line(n) for n in (2, 0))
    with every:
        value = 7
    with every:
        raise refusal_of_line(1)
    assert value == 7
    with pytest.raises(Refused) as error_info:
        every.raise_first()
    assert fields(error_info.value) == ["lines[2]", "lines[0]", "lines[1]"]


def test_rules_that_all_pass_raise_nothing() -> None:
    every = ErrorCollector()
    with every:
        pass
    every.raise_first()


def test_a_rules_error_not_caused_by_the_request_ends_the_check() -> None:
    every = ErrorCollector()
    with pytest.raises(Conflict), every:
        raise Conflict("c", "m")
    every.raise_first()


def test_the_limit_of_listed_errors_holds_across_all_rules() -> None:
    every = ErrorCollector()
    for n in range(MAX_ERRORS + 1):
        assert not every.full
        every.add(refusal_of_line(n))
    assert every.full
    with pytest.raises(Refused) as error_info:
        every.raise_first()
    assert (len(fields(error_info.value)), error_info.value.more) == (MAX_ERRORS, True)
