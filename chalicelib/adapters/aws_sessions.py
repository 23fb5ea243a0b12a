"""Sessions of botocore, of which the adapters make their clients."""

from __future__ import annotations

from botocore.loaders import create_loader
from botocore.session import Session, get_session

_DESCRIBED = ("dynamodb", "events", "secretsmanager", "sqs")
"""The services that functions call."""

_descriptions = create_loader()


def aws_session() -> Session:
    """Returns a new session, because botocore's are not safe to share between threads.

    All share what was read of botocore's descriptions of services, because reading takes most of the time in which a
    client is made.
    """
    session = get_session()
    session.register_component("data_loader", _descriptions)
    return session


def read_descriptions() -> None:
    """Reads the descriptions from which the clients of all functions are made."""
    for name in ("endpoints", "partitions"):
        _descriptions.load_data(name)
    for service in _DESCRIBED:
        for kind in ("service-2", "endpoint-rule-set-1"):
            _descriptions.load_service_model(service, kind)
