"""Runs a release's code next to a running stage: in a separate process, on the same tables, queues and Stripe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3

from chalicelib.adapters.tables import TableChanges
from chalicelib.functions import UNPUBLISHED_CHANGES, Queue, Secret
from infra.local.aws.server import EmbeddedAws
from infra.local.resources import create_bus, store_secret
from infra.local.settings import ACCOUNT, SECRET_IDS, Ports, Urls, environment
from infra.local.wsgi import serve
from infra.stripe_double import Server
from tests.backends import aws_with_resources, table_backend
from tests.bench.stories_stage import Stage, running
from tests.lambdas import ROOT
from tests.releases import stripe_state
from tests.releases.forms import Form
from tests.releases.reader import KEYS, Json, Reader, put
from tests.world import WEBHOOK_SECRET

TIMEOUT = 120
"""Seconds that the other release may take."""


class ReleaseMissing(Exception):
    """The commit of the last release is not in this clone."""


def git(*words: str) -> subprocess.CompletedProcess[bytes]:
    """Runs git in the project's directory."""
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False, timeout=60)


def in_git() -> bool:
    """Returns True if the project's directory is a clone. An unpacked archive of the project is none."""
    return (ROOT / ".git").exists()


@contextmanager
def code_of(commit: str) -> Iterator[Path]:
    """Yields a directory with the code that a commit has deployed.

    Raises:
        ReleaseMissing: the clone does not have the commit; says what to do.
    """
    archive = git("archive", commit, "app.py", "chalicelib")
    if archive.returncode != 0:
        raise ReleaseMissing(
            f"{commit} of tests/releases/last_release.toml is not in this clone. A shallow clone gets it by"
            f" `git fetch --depth=1 origin {commit}`. git says: {archive.stderr.decode().strip()}"
        )
    with tempfile.TemporaryDirectory(prefix="pom-release-") as directory:
        subprocess.run(["tar", "-x", "-C", directory], input=archive.stdout, check=True, timeout=60)
        yield Path(directory)


def results_of(code: Path, reader: Path, form: Form, stage: Stage, prefix: str) -> Json:
    """Returns what this code makes of the form, and what it writes, on the stage's tables, queues and Stripe."""
    with (
        serve(EmbeddedAws()) as aws,
        Server(stage.double, deliver=False) as stripe,
        tempfile.TemporaryDirectory() as to,
    ):
        urls = Urls.of(Ports.free())
        variables = {
            **environment(urls),
            **{each.url_variable: f"{aws.url}/{ACCOUNT}/{prefix}{each}" for each in Queue},
            "UNPUBLISHED_CHANGES_QUEUE_URL": f"{aws.url}/{ACCOUNT}/{prefix}{UNPUBLISHED_CHANGES}",
            # The last release's name of the variable.
            "UNTOLD_CHANGES_QUEUE_URL": f"{aws.url}/{ACCOUNT}/{prefix}{UNPUBLISHED_CHANGES}",
            "AWS_ENDPOINT_URL": aws.url,
            "STRIPE_API_BASE": stripe.url,
            "STRIPE_CONNECT_BASE": stripe.url,
            "POM_TABLE_PREFIX": prefix,
            # Releases before 2026-11-29 read one secret, which the platform's is until they are gone (0046).
            "STRIPE_SECRET_ID": SECRET_IDS[Secret.PLATFORM],
            "POWERTOOLS_METRICS_DISABLED": "true",
            "PYTHONPATH": str(code),
        }
        create_bus()
        config, webhooks = stage.double.config, {"webhookSecrets": [WEBHOOK_SECRET]}
        platform = {"apiKey": config.platform_key_test, "clientId": config.client_id_test, **webhooks}
        store_secret(SECRET_IDS[Secret.PLATFORM], json.dumps(platform))
        store_secret(SECRET_IDS[Secret.WEBHOOK], json.dumps(webhooks))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        ran = subprocess.run(
            [sys.executable, str(reader)],
            input=json.dumps({"form": form, "prefix": prefix, "answer": f"{to}/answer.json"}).encode(),
            env={**inherited, **variables},
            cwd=code,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
        if ran.returncode != 0:
            raise RuntimeError(f"the last release's code ended: {ran.stderr.decode()[-2000:]}")
        response: Json = json.loads(Path(to, "answer.json").read_text())
        return response


def _empty(prefix: str) -> None:
    client = boto3.client("dynamodb")
    for table, names in KEYS.items():
        for item in client.scan(TableName=prefix + table)["Items"]:
            client.delete_item(TableName=prefix + table, Key={name: item[name] for name in names})


@contextmanager
def stage_of(form: Form) -> Iterator[tuple[Stage, Reader]]:
    """A stage of today's code that has the items of a form in its tables and its objects in Stripe, at its time."""
    with aws_with_resources() as aws, running(table_backend()) as stage:
        stage.ports.changes = TableChanges(stage.ports.clock)  # type: ignore[assignment]
        _empty(aws.prefix)
        for entry in form["items"]:
            if "instead" not in entry:
                put(aws.prefix, entry)
        stripe_state.restore(stage.double, form["stripe"])
        stage.double.clock.move_to(float(form["at"]))
        stage.ports.clock.set(form["at"])
        yield stage, Reader(aws.prefix)
