"""The comparison of tests by name knows each target and tells each move."""

from __future__ import annotations

from tests.names import ROOT, moved, targets_of


def test_each_target_is_read_with_the_tests_it_chooses() -> None:
    targets = targets_of((ROOT / "Makefile").read_text())
    chosen = {name: expression for name, expression in targets.items() if name != "test"}
    assert chosen == {"test-demo": "demo", "test-package": "package", "test-real": "real", "proofs": "proof"}
    assert targets["test"] == f"not ({' or '.join(sorted(chosen.values()))})", (
        "a test is run by one target, and by no other"
    )


def test_a_moved_test_is_told_with_both_targets_and_a_test_that_stayed_is_not() -> None:
    before = {"a.py::one": "test", "a.py::two": "test", "b.py::gone": "test", "b.py::stays": "test"}
    after = {"a.py::one": "proofs", "a.py::two": "proofs", "b.py::stays": "test", "b.py::new": "test"}
    assert moved(before, after) == {("a.py", "test", "proofs"): 2}
