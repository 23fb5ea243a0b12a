"""The examples in the double's README work as they are written, and its tables are complete."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import infra.stripe_double as double_package
from infra.stripe_double import Config, StripeDouble
from infra.stripe_double.api.routes import ROUTES
from infra.stripe_double.http.messages import Request

PACKAGE = Path(double_package.__file__).parent
README = (PACKAGE / "README.md").read_text()


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def running_double() -> Iterator[str]:
    """The base address of a double that is started with the README's command, on a free port."""
    command = blocks("sh")[0].split()
    assert command == [".venv/bin/python", "-m", "infra.stripe_double", "--port", "12111"]
    with subprocess.Popen(
        [sys.executable, *command[1:-1], "0"], cwd=PACKAGE.parents[1], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split(" at ")[1].split(" ")[0]
        process.terminate()


def test_the_commands_work_as_they_are_written(running_double: str) -> None:
    _, bill, pay = blocks("sh")
    each_on_a_line = "".join(f"{line}; echo\n" for line in pay.splitlines())

    completed = subprocess.run(
        ["/bin/sh", "-euc", (bill + each_on_a_line).replace("http://127.0.0.1:12111", running_double)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert completed.returncode == 0, completed.stderr
    total, link, paid, status, mails, ledger = [line for line in completed.stdout.split("\n") if line]
    assert (total, status) == ("7500", "paid")
    assert json.loads(paid)["status"] == "succeeded"
    assert [mail["link"] for mail in json.loads(mails)] == [link]
    assert [invoice["status"] for invoice in json.loads(ledger)["objects"]["invoice"]] == ["paid"]
    assert link.startswith(f"{running_double}/i/acct_1")


@pytest.mark.parametrize("number", range(2))
def test_the_python_examples_work_as_they_are_written(number: int) -> None:
    exec(compile(blocks("python")[number], "README.md", "exec"), {})


def test_the_settings_are_settings(tmp_path: Path) -> None:
    [settings] = blocks("json")
    file = tmp_path / "double.json"
    file.write_text(settings)

    double = StripeDouble(Config.from_file(file))

    assert double.ledger("acct_local")["account"]["id"] == "acct_local"
    assert double.config.redirect_uris == ("http://127.0.0.1:8000/oauth/callback",)


def test_every_route_is_listed_and_no_other() -> None:
    section = README.partition("## What it implements")[2].partition("Besides these routes")[0]
    listed_names = [
        (method, path)
        for methods, path in re.findall(r"`([A-Z/]+) (/v1/\S+)`", section)
        for method in methods.split("/")
    ]

    assert sorted(listed_names) == sorted((route.method, route.template) for route in ROUTES)


def test_every_control_is_listed_and_no_other() -> None:
    response = StripeDouble().handle(Request("GET", "/_double/settings"))
    table = README.partition("## Controls")[2].partition("\n## ")[0]
    listed_names = {re.sub(r"/[A-Z]+\b", "/*", path) for path in re.findall(r"`(/_double/[a-z/A-Z]+)`", table)}

    assert listed_names == {control.split(" ")[1] for control in json.loads(response.body)["controls"]}


def test_every_package_and_module_is_in_the_table() -> None:
    table = README.partition("## Packages")[2].partition("\n\nA package")[0]
    listed_names = {
        name.rstrip("/") for name in re.findall(r"^\| (.*?) \|", table, re.MULTILINE) for name in name.split("`")
    }

    package_entries = {path.name for path in PACKAGE.iterdir()} - {"README.md", "__init__.py", "__pycache__"}
    assert package_entries <= listed_names
