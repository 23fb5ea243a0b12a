"""Writes the parts of `.chalice` that `chalicelib/functions.py` defines: `python -m infra.chalice_files`.

These are each function's policy, and in `config.json` each function's size, timeout and policy, the local stage's
environment, which names the queues, and the retention of log groups in days. The other parts are written by hand.
"""

from __future__ import annotations

import json
from pathlib import Path

from chalicelib.domain.retention import DEVELOPMENT_LOGS, FUNCTION_LOGS
from chalicelib.functions import FUNCTIONS
from infra.local.settings import Ports, Urls, environment
from infra.template.policies import DIRECTORY, policy

LOGS_KEPT = {"dev": DEVELOPMENT_LOGS, "prod": FUNCTION_LOGS}
"""How long the functions' log groups retain a line, by stage."""
CONFIG = DIRECTORY / "config.json"


def files() -> dict[Path, str]:
    """Returns the content of every file, by its path."""
    config = json.loads(CONFIG.read_text())
    config["lambda_functions"] = {
        function.name: {
            "iam_policy_file": function.policy_file,
            "lambda_memory_size": function.memory,
            "lambda_timeout": function.timeout,
        }
        for function in FUNCTIONS
    }
    config["stages"]["local"]["environment_variables"] = environment(Urls.of(Ports()))
    for stage, period in LOGS_KEPT.items():
        config["stages"][stage]["log_retention_in_days"] = period.days
    policies = {DIRECTORY / function.policy_file: policy(function) for function in FUNCTIONS}
    return {file: json.dumps(content, indent=2) + "\n" for file, content in {CONFIG: config, **policies}.items()}


def main() -> None:
    """Writes every file, and removes the policies of functions that no longer exist."""
    written = files()
    for file in DIRECTORY.glob("policy-*.json"):
        if file not in written:
            file.unlink()
    for file, content in written.items():
        file.write_text(content)


if __name__ == "__main__":
    main()
