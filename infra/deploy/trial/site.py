"""The stage under trial: its stack, its processed template, and the ways to send requests to it."""

from __future__ import annotations

import contextlib
import io
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from infra.deploy.aws import Aws
from infra.deploy.settings import StageSettings
from infra.deploy.stacks import Stack
from infra.ops.__main__ import main as ops_main
from infra.template.intrinsics import Json

TIMEOUT = 30
"""Seconds for a response, because the first request waits for a cold start."""


@dataclass(frozen=True)
class Request:
    """One HTTP request."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True)
class Answer:
    """A response. If there was none, `status` is 0 and `body` gives the reason."""

    status: int
    body: bytes


def ask(request: Request) -> Answer:
    """Sends a request, and returns the response."""
    http_request = urllib.request.Request(request.url, request.body, dict(request.headers), method=request.method)
    try:
        with urllib.request.urlopen(http_request, timeout=TIMEOUT) as answer:
            return Answer(int(answer.status), answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read())
    except OSError as error:
        return Answer(0, f"{type(error).__name__}: {error}".encode())


def run_ops(arguments: Sequence[str]) -> dict[str, Any]:
    """Returns the JSON document of one `./ops` command. Its `failures` list the errors."""
    with contextlib.redirect_stdout(io.StringIO()) as output, contextlib.redirect_stderr(io.StringIO()):
        ops_main(list(arguments))
    document: dict[str, Any] = json.loads(output.getvalue())
    return document


@dataclass(frozen=True)
class Site:
    """One deployed stage. All functions that reach outside the process are fields."""

    settings: StageSettings
    aws: Aws
    step: Callable[[str], None]
    """Shows a line of progress."""
    ask: Callable[[Request], Answer] = ask
    ops: Callable[[Sequence[str]], dict[str, Any]] = run_ops
    pause: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time
    token: str = ""
    """An access token of POM for this stage; empty if none was given."""

    @property
    def name(self) -> str:
        """Returns the stack's name, with which the names of its resources begin."""
        return self.settings.stack

    def client(self, service: str) -> Any:
        """Returns the client of a service in the stage's region."""
        return self.aws.client(service)

    @cached_property
    def stack(self) -> Stack:
        """Returns the stage's stack."""
        return Stack(self.aws, self.settings.stack)

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Returns the values of the stack's parameters."""
        return self.stack.parameters()

    @cached_property
    def template(self) -> Json:
        """Returns the template after SAM's transform, as CloudFormation stores it."""
        answer = self.client("cloudformation").get_template(StackName=self.name, TemplateStage="Processed")
        template: Json = answer["TemplateBody"]
        return template

    @cached_property
    def _resources(self) -> list[dict[str, Any]]:
        return self.stack.resources()

    def physical_ids(self, kind: str) -> dict[str, str]:
        """Returns the physical ids of the stack's resources of a type, by logical id."""
        ours = (each for each in self._resources if each["ResourceType"] == kind)
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in ours}

    def declared_properties(self, kind: str) -> dict[str, Json]:
        """Returns the template's properties of the stack's resources of a type, by physical id."""
        resources = self.template["Resources"]
        return {
            physical: resources[logical].get("Properties", {})
            for logical, physical in self.physical_ids(kind).items()
        }

    def url(self, path: str) -> str:
        """Returns the public URL of a path of the API, such as `/v1/health`."""
        return self.parameters["PublicApiUrl"] + path
