"""Sessions of botocore, with which the adapters create their clients."""

from __future__ import annotations

from botocore.loaders import create_loader
from botocore.session import Session, get_session

_SERVICES = ("dynamodb", "events", "secretsmanager", "sqs")
"""The AWS services that functions call."""

_descriptions = create_loader()


def aws_session() -> Session:
    """Returns a new session, because botocore's sessions are not safe to share between threads.

    All sessions share the parsed descriptions of AWS services, because parsing takes most of the time of creating a
    client.
    """
    session = get_session()
    session.register_component("data_loader", _descriptions)
    return session


def read_descriptions() -> None:
    """Parses the service descriptions that the clients of all functions need."""
    for name in ("endpoints", "partitions"):
        _descriptions.load_data(name)
    for service in _SERVICES:
        for kind in ("service-2", "endpoint-rule-set-1"):
            _descriptions.load_service_model(service, kind)
