"""Lines that several threads print are neither mixed nor cut."""

from __future__ import annotations

import io
import sys
from concurrent.futures import ThreadPoolExecutor

from infra.local.lines import WholeLines


def test_no_line_is_cut_by_another_thread() -> None:
    target = io.StringIO()
    stream = WholeLines(target)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: [print(str(n) * 50, file=stream) for _ in range(100)], range(8)))
    finally:
        sys.setswitchinterval(before)

    lines = target.getvalue().splitlines()
    assert sorted(lines) == sorted(str(n) * 50 for n in range(8) for _ in range(100))


def test_an_unfinished_line_waits_and_several_lines_pass_at_once() -> None:
    target = io.StringIO()
    stream = WholeLines(target)

    stream.write("one\ntwo\nthr")
    assert target.getvalue() == "one\ntwo\n"
    stream.write("ee\n")
    assert target.getvalue() == "one\ntwo\nthree\n"
