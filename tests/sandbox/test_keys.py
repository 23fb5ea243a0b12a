"""Where the keys of a run come from, and which are refused before anything is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.sandbox.keys import VARIABLES, Keys, WrongKeys, keys_of_environment, keys_of_file

TEST_KEY = "sk_" + "test_" + "Distinctive51Aa"
RESTRICTED = "rk_" + "test_" + "Distinctive51Bb"
LIVE = "sk_" + "live_" + "Distinctive51Cc"
PUBLISHABLE = "pk_" + "test_" + "Distinctive51Dd"


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_environment_gives_the_keys() -> None:
    environ = {VARIABLES["key"]: f" {TEST_KEY}\n", VARIABLES["client_id"]: "ca_1", VARIABLES["account"]: "acct_1"}
    assert keys_of_environment(environ) == Keys(TEST_KEY, "ca_1", "acct_1")


def test_a_file_gives_the_keys(tmp_path: Path) -> None:
    path = written(tmp_path / "keys.toml", f'key = "{TEST_KEY}"\nrestricted_key = "{RESTRICTED}"\n')
    assert keys_of_file(path, tmp_path / "repository") == Keys(TEST_KEY, restricted_key=RESTRICTED)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "keys.toml", f'key = "{TEST_KEY}"', mode)
    with pytest.raises(WrongKeys, match="chmod 600"):
        keys_of_file(path, tmp_path / "repository")


def test_a_file_inside_the_repository_is_refused_also_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    path = written(tmp_path / "repository" / "keys.toml", f'key = "{TEST_KEY}"')
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    for each in (path, link):
        with pytest.raises(WrongKeys, match="inside the repository"):
            keys_of_file(each, tmp_path / "repository")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"key = {TEST_KEY}", "is not valid TOML"),
        (f'key = "{TEST_KEY}"\n{TEST_KEY} = "x"', "has unknown names: 1"),
        ("key = 5", "quotation marks"),
        ("", "is empty"),
    ],
)
def test_a_file_of_another_form_is_refused_without_showing_it(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path / "keys.toml", text)
    with pytest.raises(WrongKeys, match=says) as refused:
        keys_of_file(path, tmp_path / "repository")
    assert TEST_KEY not in str(refused.value)


def test_a_missing_key_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(WrongKeys, match="No such file"):
        keys_of_file(tmp_path / "none.toml", tmp_path / "repository")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"key": ""}, "is empty"),
        ({"key": LIVE}, "is a live key"),
        ({"key": LIVE.replace("sk", "rk")}, "is a live key"),
        ({"key": PUBLISHABLE}, "publishable"),
        ({"key": "sk_" + "org_test_1"}, "is not a key of test mode"),
        ({"key": TEST_KEY + "\nX: y"}, "is not a key of test mode"),
        ({"key": TEST_KEY, "restricted_key": LIVE}, "is a live key"),
        ({"key": TEST_KEY, "restricted_key": TEST_KEY}, "is not a key of test mode"),
        ({"key": TEST_KEY, "client_id": TEST_KEY}, "is a key"),
        ({"key": TEST_KEY, "client_id": "acct_1"}, "must begin with ca_"),
        ({"key": TEST_KEY, "account": "ca_1"}, "must begin with acct_"),
    ],
)
def test_a_value_that_is_no_test_key_is_refused_with_the_next_step(values: dict[str, str], says: str) -> None:
    with pytest.raises(WrongKeys, match=says) as refused:
        Keys(**values)
    message = str(refused.value)
    assert not any(value and value in message for value in values.values())
    assert "docs/sandbox.md" in message


def test_the_text_of_a_key_object_hides_the_key() -> None:
    keys = Keys(TEST_KEY, "ca_1", "acct_1", RESTRICTED)
    assert repr(keys) == str(keys) == "Keys(…)"
    assert keys.secrets == (TEST_KEY, RESTRICTED)
