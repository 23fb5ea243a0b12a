"""The comparison of tests by name finds the target of each test, and reports each move and removal."""

from __future__ import annotations

import json
import re

import pytest

from tests.names import ROOT, moved_tests, report, targets_of


def test_each_target_is_read_with_the_tests_it_chooses() -> None:
    targets = targets_of((ROOT / "Makefile").read_text())
    chosen = {name: expression for name, expression in targets.items() if name != "test"}
    assert chosen == {
        "test-browser": "browser",
        "test-clients": "client",
        "test-demo": "demo",
        "test-package": "package",
        "test-real": "real",
        "proofs": "proof",
    }
    assert targets["test"] == f"not ({' or '.join(sorted(chosen.values()))})", (
        "a test is run by one target, and by no other"
    )


def test_only_a_moved_test_is_listed_with_both_targets() -> None:
    before = {"a.py::one": "test", "a.py::two": "test", "b.py::gone": "test", "b.py::stays": "test"}
    after = {"a.py::one": "proofs", "a.py::two": "proofs", "b.py::stays": "test", "b.py::new": "test"}
    assert moved_tests(before, after) == {("a.py", "test", "proofs"): 2}


def test_a_removed_test_is_named_and_fails_the_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    before = {"a.py::stays": "test", "a.py::gone": "test"}
    assert report(before, {"a.py::stays": "test", "a.py::new": "test"}, as_json=True) == 1
    printed = json.loads(capsys.readouterr().out)
    assert (printed["gone"], printed["new"], printed["before"], printed["after"]) == (
        ["a.py::gone"],
        ["a.py::new"],
        2,
        2,
    )
    assert report(before, before, as_json=False) == 0
    assert "0 gone" in capsys.readouterr().out


def test_the_check_of_a_change_runs_every_target_of_tests_and_checks() -> None:
    steps = re.findall(r"^step make ([a-z-]+)", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text()
    assert set(targets_of(makefile)) | {"demo", "lint", "package"} == set(steps)
    assert steps[0] == "demo", "a newcomer's first command, before anything is installed"
    assert re.search(r"^check:.*\n\t@\.ci/run$", makefile, re.MULTILINE)
    assert re.search(r"^proofs:.*\n\t@\$\(BIN\)/python -m tests\.proofs ", makefile, re.MULTILINE)


def test_a_test_whose_file_was_moved_does_not_count_as_removed(capsys: pytest.CaptureFixture[str]) -> None:
    before = {"flat/test_a.py::one[x]": "test", "flat/test_b.py::one[x]": "test"}
    after = {"b/test_b.py::one[x]": "test", "a/test_a.py::one[x]": "proofs"}
    assert report(before, after, as_json=True) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["files"] == {
        "flat/test_a.py::one[x]": "a/test_a.py::one[x]",
        "flat/test_b.py::one[x]": "b/test_b.py::one[x]",
    }
    assert printed["moved"] == [["flat/test_a.py", "test", "proofs", 1]]
