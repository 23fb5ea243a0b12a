"""dj-stripe next to POM: its own environment, database and server, with the same Stripe double."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.domain.events import API_VERSION
from infra.local.processes import DidNotStart, child, free_port, wait_until_answers
from infra.local.stack import ROOT, LocalStack
from tests.bench.dj_stripe.postgres import postgres

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
HOME = ROOT / "build" / "dj_stripe"
SITE = "tests.bench.dj_stripe.site"
INSTALL_TIMEOUT = 300
COMMAND_TIMEOUT = 120
"""The timeout in seconds."""


class Missing(Exception):
    """dj-stripe cannot run here; the message says why."""


@dataclass(frozen=True)
class Site:
    """A running dj-stripe."""

    python: Path
    environment: Mapping[str, str]
    pid: int

    @property
    def url(self) -> str:
        """Returns the URL of the webhook endpoint."""
        return f"http://127.0.0.1:{self.environment['PORT']}/stripe/webhook/{self.environment['WEBHOOK_UUID']}/"

    def told(self) -> Any:
        """Returns the contents of the tables. See `site.told`."""
        return json.loads(_run([str(self.python), "-m", SITE, "told"], self.environment, COMMAND_TIMEOUT))


@contextmanager
def dj_stripe(stack: LocalStack, account_id: str) -> Iterator[Site]:
    """Runs dj-stripe as a Connect platform with one account, against the stack's Stripe double.

    Raises:
        Missing: dj-stripe cannot run here.
    """
    python = _installed()
    with ExitStack() as running:
        try:
            database = running.enter_context(postgres(_packages(python)))
            environment = _environment(stack, account_id, database)
            _run([str(python), "-m", SITE, "migrate"], environment, COMMAND_TIMEOUT)
            log = stack.state_dir / "logs" / "dj-stripe.log"
            command = [str(python), "-m", "infra.local.with_parent", str(os.getpid()), SITE, "serve"]
            server = running.enter_context(child(command, log=log, environment=environment, directory=ROOT))
            site = Site(python, environment, server.pid)
            wait_until_answers(server, site.url, log)
        except (RuntimeError, DidNotStart) as error:
            raise Missing(str(error)) from error
        yield site


def _installed() -> Path:
    """Returns the Python interpreter of dj-stripe's environment, which is created once for each version of the
    requirements.
    """
    python, marker = HOME / ".venv" / "bin" / "python", HOME / "installed"
    version = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if marker.exists() and marker.read_text() == version:
        return python
    own = dict(os.environ)
    try:
        _run([sys.executable, "-m", "venv", "--clear", str(HOME / ".venv")], own, INSTALL_TIMEOUT)
        install = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(REQUIREMENTS)]
        _run([str(python), "-m", "pip", *install], own, INSTALL_TIMEOUT)
    except RuntimeError as error:
        raise Missing(f"dj-stripe could not be installed: {error}") from error
    marker.write_text(version)
    return python


def _packages(python: Path) -> Path:
    packages = "import sysconfig; print(sysconfig.get_path('platlib'))"
    return Path(_run([str(python), "-c", packages], dict(os.environ), COMMAND_TIMEOUT).strip())


def _environment(stack: LocalStack, account_id: str, database: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DJ_STRIPE_DATABASE": str(database),
        "PORT": str(free_port()),
        "STRIPE_API_BASE": stack.urls.stripe,
        "STRIPE_API_VERSION": API_VERSION,
        "STRIPE_KEY": stack.secret.api_key,
        "STRIPE_ACCOUNT": account_id,
        "WEBHOOK_SECRET": stack.secret.webhook_secrets[0],
        "WEBHOOK_UUID": str(uuid.uuid4()),
    }


def _run(command: list[str], environment: Mapping[str, str], timeout: float) -> str:
    """Returns the output of a command.

    Raises:
        RuntimeError: the command failed; the message has its output.
    """
    try:
        process = subprocess.run(
            command, env=dict(environment), cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise RuntimeError(f"{' '.join(command[1:4])} took longer than {timeout:.0f} s") from late
    if process.returncode != 0:
        output = " | ".join(process.stderr.strip().splitlines()[-3:])
        raise RuntimeError(f"{' '.join(command[1:4])}: {output}")
    return process.stdout
