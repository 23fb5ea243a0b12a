"""The stage that is tried: its stack, its template as CloudFormation has it, and the ways to ask it something."""

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
"""Seconds for an answer: the first one waits for a cold start."""


@dataclass(frozen=True)
class Request:
    """One HTTP request."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True)
class Answer:
    """What came back. `status` is 0 if nobody answered, and `body` then says why."""

    status: int
    body: bytes


def ask(request: Request) -> Answer:
    """Returns what is answered to `request`."""
    http_request = urllib.request.Request(request.url, request.body, dict(request.headers), method=request.method)
    try:
        with urllib.request.urlopen(http_request, timeout=TIMEOUT) as answer:
            return Answer(int(answer.status), answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read())
    except OSError as error:
        return Answer(0, f"{type(error).__name__}: {error}".encode())


def run_ops(arguments: Sequence[str]) -> dict[str, Any]:
    """Returns the JSON document of one command of `./ops`; what went wrong is in its `failures`."""
    with contextlib.redirect_stdout(io.StringIO()) as output, contextlib.redirect_stderr(io.StringIO()):
        ops_main(list(arguments))
    document: dict[str, Any] = json.loads(output.getvalue())
    return document


@dataclass(frozen=True)
class Site:
    """One deployed stage. All that reaches out of the process is passed in."""

    settings: StageSettings
    aws: Aws
    step: Callable[[str], None]
    """Tells a person what is going on."""
    ask: Callable[[Request], Answer] = ask
    ops: Callable[[Sequence[str]], dict[str, Any]] = run_ops
    pause: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time
    token: str = ""
    """An access token of POM's for this stage; empty: none was given."""

    @property
    def name(self) -> str:
        """The stack's name, with which the names of all its things begin."""
        return self.settings.stack

    def client(self, service: str) -> Any:
        """AWS's client of a service in the stage's region."""
        return self.aws.client(service)

    @cached_property
    def stack(self) -> Stack:
        """The stage's stack."""
        return Stack(self.aws, self.settings.stack)

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The values of the template's parameters, as the stack was given them."""
        return self.stack.parameters()

    @cached_property
    def template(self) -> Json:
        """The template as CloudFormation has it, with what SAM made of it."""
        answer = self.client("cloudformation").get_template(StackName=self.name, TemplateStage="Processed")
        template: Json = answer["TemplateBody"]
        return template

    @cached_property
    def _resources(self) -> list[dict[str, Any]]:
        return self.stack.resources()

    def physical_ids(self, kind: str) -> dict[str, str]:
        """Returns the stack's resources of a type: their physical ids by logical ones."""
        ours = (each for each in self._resources if each["ResourceType"] == kind)
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in ours}

    def declared_properties(self, kind: str) -> dict[str, Json]:
        """Returns what the template says of the stack's resources of a type: properties by physical ids."""
        resources = self.template["Resources"]
        return {
            physical: resources[logical].get("Properties", {})
            for logical, physical in self.physical_ids(kind).items()
        }

    def url(self, path: str) -> str:
        """Returns the public URL of a path of the API, such as `/v1/health`."""
        return self.parameters["PublicApiUrl"] + path
