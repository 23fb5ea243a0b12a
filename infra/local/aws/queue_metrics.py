"""The metrics that SQS sends to CloudWatch. moto does not send them, and SQS's API has no age of a message."""

from __future__ import annotations

from moto.sqs.models import sqs_backends

from infra.local.aws.locks import SQS


def queue_metrics() -> dict[str, dict[str, float | None]]:
    """Returns by queue how many messages are `visible`, and when the `oldest` one was sent (epoch seconds)."""
    with SQS:
        queues = [
            queue
            for regions in sqs_backends.values()
            for backend in regions.values()
            for queue in backend.queues.values()
        ]
        return {
            queue.name: {
                "visible": queue.approximate_number_of_messages,
                "oldest": min((float(each.sent_timestamp or 0) / 1000 for each in queue._messages), default=None),
            }
            for queue in queues
        }
