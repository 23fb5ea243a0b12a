"""An example of the changes feed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import INVOICE_ID
from chalicelib.api.models.changes import ChangeList

CHANGE_EXAMPLES: Mapping[type, Any] = {
    ChangeList: {
        "data": [
            {
                "id": "chg_2gkq4hz7n5ax3wobyr6tclmd4e",
                "type": "invoice.paid",
                "objectKind": "invoice",
                "objectId": INVOICE_ID,
                "version": 9,
                "at": "2026-11-23T15:06:10Z",
                "previousStatus": "pending",
                "status": "paid",
                "deleted": False,
            }
        ],
        "pageInfo": {
            "endCursor": "bnM3ZjJxYWUwMDAwMDAwMSMwMDAwMDAwMDAwNDIjMDEjMDAxNzk1NDQ2MDAw",
            "hasNextPage": False,
        },
    }
}
