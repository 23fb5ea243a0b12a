"""The whole local stack as one object: `with LocalStack() as stack:`.

Five child processes (the embedded AWS, the Stripe double, POM's site, the API, the workers) on loopback ports.
The state is in memory and ends with the stack; logs and the token key are in the state directory.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from chalicelib.functions import Secret
from infra.local.double_config import DOUBLE_KEYS, double_settings
from infra.local.followed_clock import VARIABLE as CLOCK
from infra.local.pom_consumer import EVENTS, FILES, LINES
from infra.local.pom_tokens import LIFETIME, TokenIssuer, signing_key
from infra.local.pom_web import KEY_FILE
from infra.local.processes import DidNotStart, child, wait_until_answers
from infra.local.sample_people import ALICE, BOB
from infra.local.settings import Ports, StripeElsewhere, StripeSecret, Urls, environment

ROOT = Path(__file__).resolve().parents[2]
RESOURCES_TIMEOUT = 60
"""Seconds the creation of tables and queues may take."""
CONTROL_TIMEOUT = 120
"""Seconds a control request may take."""


class LocalStack:
    """Starts, describes, controls and stops one stack.

    `ports` are free ones unless given; `state_dir` is a temporary directory, removed at the end, unless given;
    `intervals` are seconds by schedule name; `stripe_settings` go to the double's configuration; `variables` go over
    the environment of API and workers, say AWS_ENDPOINT_URL_DYNAMODB for another DynamoDB. Pages of
    `origins` may call the API, as those of POM may. POM's clock follows that of the Stripe double; with
    `schedules_follow` the schedules do, too: when days pass at Stripe, the work of the day is done.
    With `elsewhere` no double is started, and that Stripe is called.
    """

    def __init__(
        self,
        *,
        ports: Ports | None = None,
        state_dir: Path | None = None,
        with_api: bool = True,
        app: str = "app:app",
        intervals: Mapping[str, float] | None = None,
        stripe_settings: Mapping[str, Any] | None = None,
        variables: Mapping[str, str] | None = None,
        origins: Sequence[str] = (),
        schedules_follow: bool = False,
        elsewhere: StripeElsewhere | None = None,
    ) -> None:
        self.ports = ports or Ports.free()
        self.urls = Urls.of(self.ports)
        extra = {"DEVELOPMENT_ORIGINS": ",".join(origins)}
        if elsewhere:
            self.urls = replace(self.urls, stripe=elsewhere.base)
            extra["STRIPE_DASHBOARD_BASE"] = elsewhere.dashboard_base
        self.environment = {**environment(self.urls), **extra, **(variables or {})}
        self.with_api = with_api
        key, client_id = (elsewhere.api_key, elsewhere.client_id) if elsewhere else DOUBLE_KEYS
        self.secret = StripeSecret(key, client_id, (f"whsec_{secrets.token_hex(16)}",))
        self._elsewhere = elsewhere
        self._app = app
        self._origins = tuple(origins)
        self._intervals = dict(intervals or {})
        self._schedules_follow = schedules_follow
        self._stripe_settings = dict(stripe_settings or {})
        self._requested_state_dir = state_dir
        self._running = ExitStack()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, list[str]] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and return when all of it answers.

        Raises:
            PortTaken: a port is in use.
            DidNotStart: a part ended or did not answer; the message has the end of its log.
        """
        self.ports.require_free(with_api=self.with_api)
        with ExitStack() as starting:
            self.state_dir = self._requested_state_dir or Path(
                starting.enter_context(tempfile.TemporaryDirectory(prefix="pom-stack-"))
            )
            for old_file in (*(self.state_dir / "logs").glob("*.log"), *(self.state_dir / name for name in FILES)):
                old_file.unlink(missing_ok=True)
            if self._clock_file:
                self.environment[CLOCK] = str(self._clock_file)
            self.issuer = TokenIssuer(self.urls.pom, signing_key(self.state_dir / KEY_FILE))
            stand_ins, application = self._stand_ins(), self._application()
            self._commands = stand_ins | application
            for part in stand_ins:
                self._spawn(starting, part)
            self._wait(*stand_ins)
            self._create_resources()
            for part in application:
                self._spawn(starting, part)
            self._wait(*application)
            self._check_webhooks()
            self._running = starting.pop_all()

    def stop(self) -> None:
        """Stop everything, last started first; returns when every process is gone."""
        self._running.close()
        self._processes.clear()

    @property
    def _clock_file(self) -> Path | None:
        return self._elsewhere.clock_file if self._elsewhere else (self.state_dir / "clock").resolve()

    @property
    def pom_log(self) -> Path:
        """The file of what POM hears, one line for each change. It is missing before the first one."""
        return self.state_dir / LINES

    @property
    def pom_events(self) -> Path:
        """The file of the events that POM heard, one JSON object in a line (see `pom_consumer`)."""
        return self.state_dir / EVENTS

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each part."""
        return {part: process.pid for part, process in self._processes.items()}

    @property
    def tokens(self) -> dict[str, str]:
        """Tokens of the sample organization's administrator and of its billing user, valid for 12 hours."""
        return {
            role: self.mint_token(person.organization, person.user_id, person.roles)
            for role, person in (("admin", ALICE), ("billing", BOB))
        }

    def mint_token(
        self,
        organization_id: str,
        user_id: str,
        roles: Sequence[str],
        *,
        lifetime: int = LIFETIME,
        **claims: object,
    ) -> str:
        """An access token, valid for `lifetime` seconds; `claims` add to or replace the usual ones."""
        return self.issuer.mint(organization_id, user_id, roles, lifetime=lifetime, **claims)

    def fire(self, schedule: str) -> Any:
        """Run a schedule now, say `plan_reconciliation`; answers what its handler answered."""
        return self._control(f"/schedules/{schedule}")["result"]

    def pause(self, handler: str) -> None:
        """Leave a queue handler's messages, say `customer_sync`'s, in the queue until `resume`."""
        self._control(f"/queues/{handler}/pause")

    def resume(self, handler: str) -> None:
        """Take a handler's messages again."""
        self._control(f"/queues/{handler}/resume")

    def wait_until_idle(self, timeout: float = 30.0) -> None:
        """Returns once every queue that is not paused is empty, and POM has heard every change of the streams.

        Raises:
            TimeoutError: it took longer than `timeout` seconds; a message that failed waits for its next try.
        """
        answer = self._control(f"/idle?timeout={timeout}")
        if not answer["idle"]:
            raise TimeoutError(f"still busy after {timeout} s: {', '.join(answer['busy'])}")

    def kill(self, part: str) -> None:
        """End a part at once, as a crash would: `api`, `workers`, `pom`, `stripe` or `aws`."""
        self._processes[part].kill()
        self._processes[part].wait()

    def restart(self, part: str) -> None:
        """Start a part again that was killed. AWS and Stripe come back empty: their state is in memory."""
        self._spawn(self._running, part)
        self._wait(part)

    def ended(self) -> list[str]:
        """Which parts have ended although nobody stopped them, each with the path of its log."""
        return [
            f"{part} (status {process.returncode}, see {self._log(part)})"
            for part, process in self._processes.items()
            if process.poll() is not None
        ]

    def _stand_ins(self) -> dict[str, list[str]]:
        ports, urls = self.ports, ["--api-url", self.urls.api, "--stripe-url", self.urls.stripe]
        aws = {"aws": ["infra.local.aws", "--port", str(ports.aws)]}
        pom = ["infra.local.pom_web", "--port", str(ports.pom), *urls, "--state-dir", str(self.state_dir)]
        return {**aws, **({} if self._elsewhere else self._double()), "pom": pom}

    def _double(self) -> dict[str, list[str]]:
        config = self.state_dir / "stripe-double.json"
        config.touch(0o600)
        config.write_text(json.dumps(double_settings(self.urls, self.secret) | self._stripe_settings, indent=2))
        files = ["--config", str(config), "--clock-file", str(self._clock_file)]
        return {"stripe": ["infra.stripe_double", "--port", str(self.ports.stripe), *files]}

    def _application(self) -> dict[str, list[str]]:
        intervals = [f"--interval={name}={seconds}" for name, seconds in self._intervals.items()]
        control = ["--control-port", str(self.ports.control)]
        consumer = ["--received", str(self.state_dir), *(["--schedules-follow"] if self._schedules_follow else [])]
        commands = {"workers": ["infra.local.workers", "--app", self._app, *control, *consumer, *intervals]}
        if self.with_api:
            origins = [f"--cors-origin={each}" for each in (self.urls.pom, *self._origins)]
            port = ["--port", str(self.ports.api)]
            commands["api"] = ["infra.local.api_server", "--app", self._app, *port, *origins]
        return commands

    def _spawn(self, running: ExitStack, part: str) -> None:
        command = [sys.executable, "-m", "infra.local.with_parent", str(os.getpid()), *self._commands[part]]
        process = child(command, log=self._log(part), environment=self.child_environment(), directory=ROOT)
        self._processes[part] = running.enter_context(process)

    def child_environment(self) -> dict[str, str]:
        """Returns the environment of the stack's processes, for a command that works on the stack."""
        # An operator's process has metrics switched off; the functions of a stack that it starts have not.
        left_out = ("AWS_", "POWERTOOLS_")
        withheld = self._elsewhere.withheld if self._elsewhere else ()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        inherited = {name: value for name, value in inherited.items() if not any(each in value for each in withheld)}
        paths = [str(ROOT), *filter(None, [inherited.get("PYTHONPATH")])]
        own = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
        return {**inherited, **own, **self.environment}

    def _create_resources(self) -> None:
        process = subprocess.run(
            [sys.executable, "-m", "infra.local.resources"],
            input=json.dumps({secret.id_variable: self.secret.text(secret) for secret in Secret}),
            env=self.child_environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=RESOURCES_TIMEOUT,
            check=False,
        )
        if process.returncode != 0:
            raise DidNotStart(f"tables and queues could not be made:\n{process.stderr[-2000:]}")
        variables = json.loads(process.stdout)
        expected_variables = {name: self.environment[name] for name in variables}
        if variables != expected_variables:
            raise DidNotStart(f"the queues have other URLs than expected: {variables}, not {expected_variables}")

    def _wait(self, *parts: str) -> None:
        paths = {"aws": "/health", "stripe": "/_double/health", "pom": "/health", "api": "/v1/health"}
        for part in parts:
            url = self.urls.control if part == "workers" else getattr(self.urls, part) + paths[part]
            try:
                wait_until_answers(self._processes[part], url, self._log(part))
            except DidNotStart as error:
                raise DidNotStart(f"{part} did not start: {error}") from error

    def _check_webhooks(self) -> None:
        """Fire once what says whether webhooks get in, so that nobody waits five minutes to be told.

        Without the API there is no door to knock at; an application without these schedules has nothing to look with.
        """
        with urllib.request.urlopen(self.urls.control, timeout=CONTROL_TIMEOUT) as response:
            schedules = json.loads(response.read())["schedules"]
        for schedule in ("resume_stuck", *(("canary",) if self.with_api else ())):
            if schedule in schedules:
                self.fire(schedule)

    def _log(self, part: str) -> Path:
        return self.state_dir / "logs" / f"{part}.log"

    def _control(self, path: str) -> Any:
        request = urllib.request.Request(f"{self.urls.control}{path}", method="POST")
        try:
            with urllib.request.urlopen(request, timeout=CONTROL_TIMEOUT) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            if error.code == 504:
                return json.loads(error.read())
            raise RuntimeError(f"{path}: {error.code} {error.read().decode()}") from error
