"""The settings and attributes that tables share."""

from __future__ import annotations

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.constants import PAY_PER_REQUEST_BILLING_MODE, STREAM_NEW_AND_OLD_IMAGE
from pynamodb.models import Model

CONNECT_TIMEOUT = 1
READ_TIMEOUT = 3
RETRIES = 2
"""With these, a call takes at most three attempts of four seconds. A request's few calls fit into API Gateway's 29
s.
"""


class TableMeta:
    """The settings of all tables. `configure` sets the names. botocore determines the region and the endpoint."""

    table_name = ""
    billing_mode = PAY_PER_REQUEST_BILLING_MODE
    connect_timeout_seconds = CONNECT_TIMEOUT
    read_timeout_seconds = READ_TIMEOUT
    max_retry_attempts = RETRIES


class StreamedTableMeta(TableMeta):
    """The settings of tables whose changes are published.

    The stream keeps each change for 24 hours, with both images.
    """

    stream_view_type = STREAM_NEW_AND_OLD_IMAGE


class Aggregate(Model):
    """An item that holds an aggregate as one document (`codec`). `version` is the version that the next write
    requires.
    """

    version = NumberAttribute()
    document = UnicodeAttribute(null=True)
    packed = BinaryAttribute(null=True, legacy_encoding=False)
