"""The `local` stage in `.chalice/config.json` fits the stack on its default ports."""

from __future__ import annotations

import json

from infra.local.settings import Ports, Urls, environment
from infra.local.stack import ROOT

CONFIG = ROOT / ".chalice" / "config.json"


def test_chalice_local_finds_the_stack_on_its_default_ports() -> None:
    stage = json.loads(CONFIG.read_text())["stages"]["local"]["environment_variables"]

    expected_environment = environment(Urls.of(Ports()))
    assert {name: stage.get(name) for name in expected_environment} == expected_environment
