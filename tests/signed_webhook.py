"""A webhook signed as by Stripe. It imports only the standard library, for processes that count the modules they
load.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any


def webhook(secret: str) -> dict[str, Any]:
    """Returns API Gateway's request with a signed event of an invoice that the table does not have."""
    now = int(time.time())
    invoice = {
        "id": "in_1",
        "object": "invoice",
        "metadata": {"pom_organization_id": "o", "pom_invoice_id": f"inv_{'a' * 26}"},
    }
    event = {"id": "evt_1", "type": "invoice.paid", "created": now, "account": "acct_1", "data": {"object": invoice}}
    body = json.dumps(event)
    signed = hmac.new(secret.encode(), f"{now}.{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"content-type": "application/json", "stripe-signature": f"t={now},v1={signed}"}
    return {
        "requestContext": {"httpMethod": "POST", "resourcePath": "/v1/stripe/webhooks", "requestId": "1"},
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": body,
        "isBase64Encoded": False,
    }
