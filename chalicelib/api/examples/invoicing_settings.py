"""Examples of the settings of invoicing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.models.invoicing_settings import InvoicingSettingsView, SaveInvoicingSettings

SETTINGS = {
    "invoiceType": "stripe",
    "paymentTerms": "net_15",
    "paymentWindow": 14,
    "paymentMethods": ["card", "us_bank_account"],
    "memo": "Thank you for your business.",
    "footer": None,
    "reminders": {"enabled": True, "daysBeforeDue": [3], "onDueDate": True, "daysAfterDue": [3, 7]},
    "currency": "usd",
    "timeZone": "America/Phoenix",
    "customerCreation": "when_saved",
}
ABOUT_SETTINGS = {
    "note": {
        "message": "POM sends the payment reminders. If reminders are also switched on in Stripe, customers are "
        "reminded twice.",
        "nextStep": "In the Stripe dashboard, under Settings, Billing, Invoices, switch Stripe's own reminders off.",
        "link": "https://dashboard.stripe.com/settings/billing/invoice",
    },
    "reminderTime": {"from": "09:00", "until": "18:00", "timeZone": "America/Phoenix"},
}

SETTINGS_EXAMPLES: Mapping[type, Any] = {
    InvoicingSettingsView: {**SETTINGS, **ABOUT_SETTINGS},
    SaveInvoicingSettings: SETTINGS,
}
