"""Starts and stops the real stand-ins, each on one loopback port and empty at its start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.processes import DidNotStart, child, free_port, wait_until_answers
from infra.local.real.fetching import (
    CACHE,
    HERE,
    Unavailable,
    dynamodb_local_jars,
    elasticmq_jars,
    require,
    stripe_mock_binary,
)


@contextmanager
def dynamodb_local(port: int | None = None) -> Iterator[str]:
    """Runs Amazon's DynamoDB Local in memory, with one database for all regions and keys. Yields its endpoint URL.

    It needs a JDK of version 17 or later (the launcher is a Java source file), and Maven for the first fetch.

    Raises:
        Unavailable: it cannot be fetched or started.
    """
    jars = dynamodb_local_jars()
    java = require("java")

    def command(chosen: int) -> list[str]:
        return [
            java,
            "-Xmx512m",
            f"-Djava.library.path={jars}",
            "-cp",
            f"{jars}/*",
            str(HERE / "java" / "LoopbackDynamoDb.java"),
            *("-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(chosen)),
        ]

    with _running("dynamodb-local", command, port) as url:
        yield url


@contextmanager
def elasticmq(port: int | None = None) -> Iterator[str]:
    """Runs ElasticMQ, an SQS server. Yields its endpoint URL.

    Raises:
        Unavailable: it cannot be fetched or started.
    """
    jars = elasticmq_jars()
    java = require("java")

    def command(chosen: int) -> list[str]:
        return [
            java,
            "-Xmx256m",
            "-Drest-sqs.bind-hostname=127.0.0.1",
            f"-Drest-sqs.bind-port={chosen}",
            "-Dnode-address.host=127.0.0.1",
            f"-Dnode-address.port={chosen}",
            "-Drest-stats.enabled=false",
            "-cp",
            f"{jars}/*",
            "org.elasticmq.server.Main",
        ]

    with _running("elasticmq", command, port) as url:
        yield url


@contextmanager
def stripe_mock(port: int | None = None) -> Iterator[str]:
    """Runs Stripe's own mock, which checks requests against Stripe's OpenAPI file and returns fixtures. Yields its
    URL.

    It stores no state, accepts any test key, and knows only the paths of the API version that it embeds.

    Raises:
        Unavailable: it cannot be fetched or started.
    """
    binary = str(stripe_mock_binary())

    def command(chosen: int) -> list[str]:
        # By default it also listens for HTTPS on every interface and on a fixed port, which only one process can use.
        return [binary, f"-http-addr=127.0.0.1:{chosen}", f"-https-addr=127.0.0.1:{free_port()}"]

    with _running("stripe-mock", command, port) as url:
        yield url


@contextmanager
def _running(name: str, command: Callable[[int], list[str]], port: int | None) -> Iterator[str]:
    chosen = port or free_port()
    log: Path = CACHE / "logs" / f"{name}-{chosen}.log"
    log.unlink(missing_ok=True)
    url = f"http://127.0.0.1:{chosen}"
    with child(command(chosen), log=log) as process:
        try:
            wait_until_answers(process, url, log)
        except DidNotStart as error:
            raise Unavailable(f"{name} did not start: {error}") from error
        yield url
