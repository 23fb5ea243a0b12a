"""What SQS tells CloudWatch of each queue; moto tells it nobody, and SQS's own API does not say a message's age."""

from __future__ import annotations

from moto.sqs.models import sqs_backends

from infra.local.aws.locks import SQS


def queue_metrics() -> dict[str, dict[str, float | None]]:
    """By queue: how many messages are `visible`, and when the `oldest` was sent that is there (epoch seconds)."""
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
