"""What tables have in common."""

from __future__ import annotations

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.constants import PAY_PER_REQUEST_BILLING_MODE, STREAM_NEW_AND_OLD_IMAGE
from pynamodb.models import Model

CONNECT_TIMEOUT = 1
READ_TIMEOUT = 3
RETRIES = 2
"""Three attempts of at most four seconds: a request makes a few calls within API Gateway's 29 seconds."""


class TableMeta:
    """What all tables share; `configure` sets the names. Region and endpoint are botocore's to find."""

    table_name = ""
    billing_mode = PAY_PER_REQUEST_BILLING_MODE
    connect_timeout_seconds = CONNECT_TIMEOUT
    read_timeout_seconds = READ_TIMEOUT
    max_retry_attempts = RETRIES


class StreamedTableMeta(TableMeta):
    """Of tables whose changes are told: DynamoDB keeps each change for 24 hours, with the item before and after."""

    stream_view_type = STREAM_NEW_AND_OLD_IMAGE


class Aggregate(Model):
    """An item that holds an aggregate as one document (`codec`), in the version that the next write requires."""

    version = NumberAttribute()
    document = UnicodeAttribute(null=True)
    packed = BinaryAttribute(null=True, legacy_encoding=False)
