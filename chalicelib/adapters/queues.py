"""Work for later, sent to SQS.

Bodies are JSON and hold ids only. Group and deduplication ids are digests, because SQS shows them in places
where no id of anybody belongs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from chalicelib.domain.errors import Retryable
from chalicelib.domain.identifiers import BatchId, CustomerId, InvoiceId, OrganizationId, digest
from chalicelib.functions import Queue
from chalicelib.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

AT_ONCE = 10
"""Messages that SQS takes in one request."""

_CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})


class SqsQueues:
    """Fulfils `Queues`. The client is made when the first message is sent.

    Each message says to which request its work goes back, by the id that `request_id` tells: in its body, because a
    dead letter that is sent again keeps only that.
    """

    def __init__(
        self, urls: Mapping[Queue, str], clock: Clock, request_id: Callable[[], str | None] = lambda: None
    ) -> None:
        self._urls = urls
        self._clock = clock
        self._request_id = request_id

    def sync_customer(self, organization_id: OrganizationId, customer_id: CustomerId, edition: int) -> None:
        """Customers in parallel, one customer's editions in order; SQS drops a second message of one edition."""
        self._send(
            self._urls[Queue.CUSTOMER_SYNC],
            {"organizationId": organization_id, "customerId": customer_id, "edition": edition},
            group=digest("customer", organization_id, customer_id),
            deduplication=digest("customer", organization_id, customer_id, str(edition)),
        )

    def invoice_task(self, organization_id: OrganizationId, invoice_id: InvoiceId, task: str) -> None:
        """Invoices in parallel, never two workers on one.

        Every message counts: SQS remembers a deduplication id for five minutes, and an invoice may have to be
        resumed twice in that time.
        """
        self._send(
            self._urls[Queue.INVOICE_JOBS],
            {"organizationId": organization_id, "invoiceId": invoice_id, "task": task},
            group=digest("invoice", organization_id, invoice_id),
            deduplication=digest("invoice", organization_id, invoice_id, self._clock.nonce()),
        )

    def reconcile(self, organization_id: OrganizationId, *, objects: bool) -> None:
        """Have an organization's account compared with Stripe: its events, and its objects too if asked."""
        self._send(self._urls[Queue.RECONCILE], {"organizationId": organization_id, "objects": objects})

    def reconcile_all(self, organizations: Sequence[OrganizationId], planned_at: int) -> None:
        """Have these organizations' accounts compared with Stripe, by the plan of that moment."""
        refused = 0
        for start in range(0, len(organizations), AT_ONCE):
            few = organizations[start : start + AT_ONCE]
            refused += self._send_together(
                self._urls[Queue.RECONCILE],
                [{"organizationId": each, "objects": False, "plannedAt": planned_at} for each in few],
            )
        if refused:
            raise _unavailable()

    def batch_work(self, organization_id: OrganizationId, batch_id: BatchId, lane: int, turn: int) -> None:
        """An organization's lanes in parallel, never two workers on one; SQS drops a second message of one turn."""
        self._send(
            self._urls[Queue.BATCH_JOBS],
            {"organizationId": organization_id, "batchId": batch_id, "lane": lane, "turn": turn},
            group=digest("lane", organization_id, str(lane)),
            deduplication=digest("turn", organization_id, batch_id, str(lane), str(turn)),
        )

    def _send(
        self,
        url: str,
        body: dict[str, str | int | bool],
        group: str | None = None,
        deduplication: str | None = None,
    ) -> None:
        text = self._text(body)
        try:
            if group is None or deduplication is None:
                self._client.send_message(QueueUrl=url, MessageBody=text)
            else:
                self._client.send_message(
                    QueueUrl=url, MessageBody=text, MessageGroupId=group, MessageDeduplicationId=deduplication
                )
        except (BotoCoreError, ClientError) as exc:
            raise _unavailable() from exc

    def _send_together(self, url: str, bodies: Sequence[Mapping[str, str | int | bool]]) -> int:
        """At most ten messages in one request; answers how many SQS did not take."""
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(number), "MessageBody": self._text(body)} for number, body in enumerate(bodies)
        ]
        try:
            return len(self._client.send_message_batch(QueueUrl=url, Entries=entries).get("Failed", []))
        except (BotoCoreError, ClientError) as exc:
            raise _unavailable() from exc

    def _text(self, body: Mapping[str, str | int | bool]) -> str:
        request_id = self._request_id()
        return json.dumps(body if request_id is None else {**body, "requestId": request_id}, separators=(",", ":"))

    @cached_property
    def _client(self) -> SQSClient:
        # botocore's, which pynamodb has loaded: boto3 on top of it would be a tenth of a first webhook
        return cast("SQSClient", get_session().create_client("sqs", config=_CONFIG))


def _unavailable() -> Retryable:
    return Retryable(
        "queue_unavailable",
        "The work could not be queued at the moment.",
        next_step="Wait a moment; repeating the request is safe.",
    )
