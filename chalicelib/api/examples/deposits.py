"""Examples of the fees of a payment and a refund, of the payout that has their money, and of the balance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import INVOICE_ID, LAST_PAGE
from chalicelib.api.models.balance import BalanceView
from chalicelib.api.models.payout_lines import PayoutDetail
from chalicelib.api.models.payouts import PayoutList

PAYOUT_ID = "po_1OaFDbEcg9tTZuTgNYmX0PKB"
PAYMENT_ID = "pi_3MtwBwLkdIwHu7ix28a3tqPa"
REFUND_ID = "re_1Nispe2eZvKYlo2Cd31jOCgZ"

NOT_SETTLED = {
    "feeStatus": None,
    "fee": None,
    "feeParts": list[Any](),
    "net": None,
    "settlementCurrency": None,
    "exchange": None,
    "settlements": list[Any](),
    "deposits": list[Any](),
}
"""The fields of a payment that has not changed the Stripe balance."""

CARD_FEE = {"type": "stripe_fee", "amount": "3.82", "description": "Stripe processing fees"}

OF_PAYMENT = {
    "id": "txn_3MtwBwLkdIwHu7ix0qVKd1Xn",
    "category": "charge",
    "at": "2026-11-25T17:12:40Z",
    "availableOn": "2026-11-27",
    "gross": "121.50",
    "fee": "3.82",
    "feeParts": [CARD_FEE],
    "net": "117.68",
    "currency": "usd",
    "exchange": None,
}
OF_REFUND = {
    "id": "txn_1Nispe2eZvKYlo2C8cTnJ9Wq",
    "category": "refund",
    "at": "2026-11-26T02:30:00Z",
    "availableOn": "2026-11-27",
    "gross": "-20.00",
    "fee": "0.00",
    "feeParts": list[Any](),
    "net": "-20.00",
    "currency": "usd",
    "exchange": None,
}
OF_ACCOUNT = {
    "id": "txn_1NitGk2eZvKYlo2CHq0b7RyD",
    "category": "fee",
    "at": "2026-11-26T08:00:00Z",
    "availableOn": "2026-11-27",
    "gross": "0.00",
    "fee": "2.00",
    "feeParts": [{"type": "stripe_fee", "amount": "2.00", "description": "Billing - usage fee"}],
    "net": "-2.00",
    "currency": "usd",
    "exchange": None,
}
"""Balance transactions."""

DEPOSITS = [
    {
        "status": "arrived",
        "on": "2026-12-01",
        "payoutId": PAYOUT_ID,
        "message": "In the deposit of 1 December 2026.",
    }
]

PAYMENT_SETTLED = {
    "feeStatus": "known",
    "fee": "3.82",
    "feeParts": [CARD_FEE],
    "net": "117.68",
    "settlementCurrency": "usd",
    "exchange": None,
    "settlements": [{**OF_PAYMENT, "payoutId": PAYOUT_ID}],
    "deposits": DEPOSITS,
}
REFUND_SETTLED = {
    "feeStatus": "known",
    "fee": "0.00",
    "feeParts": list[Any](),
    "net": "-20.00",
    "settlementCurrency": "usd",
    "exchange": None,
    "settlements": [{**OF_REFUND, "payoutId": PAYOUT_ID}],
    "deposits": DEPOSITS,
}

PAYOUT: dict[str, Any] = {
    "id": PAYOUT_ID,
    "arrivesOn": "2026-12-01",
    "createdAt": "2026-11-27T00:10:00Z",
    "amount": "95.68",
    "bankAmount": "95.68",
    "currency": "usd",
    "bank": {"name": "STRIPE TEST BANK", "last4": "6789"},
    "status": "paid",
    "message": "Arrived at the bank on 1 December 2026.",
    "nextStep": None,
    "method": "standard",
    "automatic": True,
    "statementDescriptor": "BLUE POOLS",
    "traceId": "091000019876543",
    "totals": {
        "payments": "121.50",
        "refunds": "-20.00",
        "disputes": "0.00",
        "fees": "-5.82",
        "other": "0.00",
        "outsidePom": "0.00",
        "unexplained": "0.00",
    },
    "invoiceCount": 1,
    "lineCount": 3,
    "tiedOut": True,
    "originalPayoutId": None,
    "reversedById": None,
    "paidAgainIn": None,
    "paysAgain": [],
    "accountConnected": True,
}

OF_INVOICE = {
    "outsidePom": False,
    "invoiceId": INVOICE_ID,
    "number": "A1B2C3D4-0001",
    "customerId": "cust_456",
    "customerName": "Dana Reyes",
    "paymentId": PAYMENT_ID,
}
OF_NO_INVOICE = {
    "outsidePom": False,
    "invoiceId": None,
    "number": None,
    "customerId": None,
    "customerName": None,
    "paymentId": None,
}

LINES = [
    {**OF_ACCOUNT, **OF_NO_INVOICE, "kind": "fee", "type": "stripe_fee", "description": "Billing - usage fee"},
    {**OF_REFUND, **OF_INVOICE, "kind": "refund", "type": "refund", "description": None},
    {**OF_PAYMENT, **OF_INVOICE, "kind": "payment", "type": "charge", "description": None},
]

ON_ITS_WAY = {
    **PAYOUT,
    "status": "in_transit",
    "bankAmount": "0.00",
    "message": "On its way to the bank; expected on 1 December 2026.",
    "traceId": None,
}

PAYOUT_EXAMPLES: Mapping[type, Any] = {
    PayoutList: {"data": [PAYOUT], "pageInfo": LAST_PAGE},
    PayoutDetail: {**PAYOUT, "lines": LINES, "pageInfo": LAST_PAGE},
    BalanceView: {
        "data": [
            {
                "currency": "usd",
                "available": "412.50",
                "pending": "980.00",
                "onItsWay": "95.68",
                "beingTaken": "0.00",
                "payouts": [ON_ITS_WAY],
            }
        ]
    },
}

PAYOUT_CSV_EXAMPLES: Mapping[type, str] = {
    PayoutList: "\r\n".join(
        [
            "Arrival,Created,Status,Amount,Bank amount,Currency,Bank,Last 4,Payments,Refunds,Disputes,Fees,Other,"
            "Outside POM,Unexplained,Invoices,Lines,Tied out,Method,Automatic,Statement,Trace ID,ID,"
            "Reverses,Reversed by,Paid again in,Pays again,Account connected,Message,Next step",
            "2026-12-01,2026-11-27T00:10:00Z,paid,95.68,95.68,USD,STRIPE TEST BANK,6789,121.50,-20.00,0.00,-5.82,"
            f"0.00,0.00,0.00,1,3,yes,standard,yes,BLUE POOLS,091000019876543,{PAYOUT_ID},,,,,yes,"
            "Arrived at the bank on 1 December 2026.,",
            "",
        ]
    ),
    PayoutDetail: "\r\n".join(
        [
            "Day,Time,Kind,Category,Outside POM,Invoice number,Customer,Customer name,Gross,Fee,Net,Currency,Payout,"
            "Payout status,Arrival,Description,Exchange rate,Amount before exchange,Currency before exchange,"
            "ID,Invoice ID,Payment ID",
            f"2026-11-26,2026-11-26T08:00:00Z,fee,fee,no,,,,0.00,2.00,-2.00,USD,{PAYOUT_ID},paid,2026-12-01,"
            f"Billing - usage fee,,,,{OF_ACCOUNT['id']},,",
            "2026-11-25,2026-11-26T02:30:00Z,refund,refund,no,A1B2C3D4-0001,cust_456,Dana Reyes,"
            f"-20.00,0.00,-20.00,USD,{PAYOUT_ID},paid,2026-12-01,,,,,{OF_REFUND['id']},{INVOICE_ID},{PAYMENT_ID}",
            "2026-11-25,2026-11-25T17:12:40Z,payment,charge,no,A1B2C3D4-0001,cust_456,Dana Reyes,"
            f"121.50,3.82,117.68,USD,{PAYOUT_ID},paid,2026-12-01,,,,,{OF_PAYMENT['id']},{INVOICE_ID},{PAYMENT_ID}",
            "",
        ]
    ),
}
"""The same examples as CSV, for a company in Phoenix."""
