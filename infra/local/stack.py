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
"""Seconds that the creation of tables and queues may take."""
CONTROL_TIMEOUT = 120
"""Seconds that a control request may take."""


class LocalStack:
    """Starts, describes, controls and stops one stack.

    By default `ports` are free ones, and `state_dir` is a temporary directory that is removed at the end. `intervals`
    are seconds by the names of schedules. `stripe_settings` are merged into the double's configuration. `variables`
    override the environment of API and workers, for example AWS_ENDPOINT_URL_DYNAMODB for another DynamoDB. Pages of
    `origins` may call the API, like POM's own pages. POM's clock follows the Stripe double's clock. With
    `schedules_follow` the schedules follow it too, so the work of skipped days is done. With `elsewhere` the stack
    starts no double and calls that Stripe.
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
        """Starts all parts and returns when all of them respond.

        Raises:
            PortTaken: a port is in use.
            DidNotStart: a part ended or did not respond. The message has the end of its log.
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
        """Stops all parts, the last started first. Returns when every process has ended."""
        self._running.close()
        self._processes.clear()

    @property
    def _clock_file(self) -> Path | None:
        return self._elsewhere.clock_file if self._elsewhere else (self.state_dir / "clock").resolve()

    @property
    def pom_log(self) -> Path:
        """Returns the file of the lines that POM prints, one for each change. It does not exist before the first
        change.
        """
        return self.state_dir / LINES

    @property
    def pom_events(self) -> Path:
        """Returns the file of the events that POM received, one JSON object on each line (see `pom_consumer`)."""
        return self.state_dir / EVENTS

    @property
    def pids(self) -> dict[str, int]:
        """Returns the process id of each part."""
        return {part: process.pid for part, process in self._processes.items()}

    @property
    def tokens(self) -> dict[str, str]:
        """Returns tokens of the sample organization's administrator and billing user, valid for 12 hours."""
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
        """Returns an access token that is valid for `lifetime` seconds. `claims` add to the usual claims or replace
        them.
        """
        return self.issuer.mint(organization_id, user_id, roles, lifetime=lifetime, **claims)

    def fire(self, schedule: str) -> Any:
        """Runs a schedule now, for example `plan_reconciliation`. Returns the result of its handler."""
        return self._control(f"/schedules/{schedule}")["result"]

    def pause(self, handler: str) -> None:
        """Leaves a handler's messages, for example those of `customer_sync`, in the queue until `resume`."""
        self._control(f"/queues/{handler}/pause")

    def resume(self, handler: str) -> None:
        """Takes a handler's messages again."""
        self._control(f"/queues/{handler}/resume")

    def wait_until_idle(self, timeout: float = 30.0) -> None:
        """Returns once every queue that is not paused is empty, and POM has received every change of the streams.

        Raises:
            TimeoutError: it took longer than `timeout` seconds. A message that failed waits for its next attempt.
        """
        answer = self._control(f"/idle?timeout={timeout}")
        if not answer["idle"]:
            raise TimeoutError(f"still busy after {timeout} s: {', '.join(answer['busy'])}")

    def kill(self, part: str) -> None:
        """Ends a part at once, as a crash would: `api`, `workers`, `pom`, `stripe` or `aws`."""
        self._processes[part].kill()
        self._processes[part].wait()

    def restart(self, part: str) -> None:
        """Starts a killed part again. AWS and Stripe start empty, because their state is in memory."""
        self._spawn(self._running, part)
        self._wait(part)

    def ended(self) -> list[str]:
        """Returns the parts that ended without a stop, each with its status and the path of its log."""
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
        # An operator's command switches metrics off, but the functions of a stack that it starts must emit metrics.
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
        """Runs the checks of webhooks once, so that their results exist before the first interval of five minutes.

        Without the API the canary has no route to post to. An application without these schedules has no checks.
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
