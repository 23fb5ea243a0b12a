"""A writer that loses a race pauses for longer each time, and succeeds in the end."""

from __future__ import annotations

from chalicelib.ports.contention import LONGEST_PAUSE, attempts
from tests.fakes.ports import FakeClock


class PausingClock(FakeClock):
    """Records each pause."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def test_the_first_attempt_is_immediate_and_the_pauses_double_up_to_a_limit() -> None:
    clock = PausingClock()
    assert list(attempts(9, clock)) == list(range(9))
    assert clock.pauses == [0.005, 0.01, 0.02, 0.04, 0.08, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


def test_an_immediate_success_does_not_wait() -> None:
    clock = PausingClock()
    for _ in attempts(9, clock):
        break
    assert clock.pauses == []
