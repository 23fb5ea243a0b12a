"""Settings → Invoicing."""

from __future__ import annotations

from chalicelib import bootstrap
from chalicelib.api.http.refusals import CHANGES_A_RECORD
from chalicelib.api.http.routing import Router
from chalicelib.api.http.table import Call, Reply, Role
from chalicelib.api.models.invoicing_settings import (
    InvoicingSettingsView,
    SaveInvoicingSettings,
    settings_from,
    settings_view,
)
from chalicelib.api.models.queries import Nothing
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.usecases.invoicing import invoicing_settings

router = Router(__name__, "Invoicing settings")


@router.route("GET", "/settings/invoicing", Role.MEMBER, takes=Nothing, answers={200: InvoicingSettingsView})
def get_invoicing_settings(call: Call[Nothing]) -> Reply:
    """Show how the organization invoices."""
    return _shown(invoicing_settings.read(call.caller.organization_id, bootstrap.ports()))


@router.route(
    "PUT",
    "/settings/invoicing",
    Role.ADMIN,
    takes=SaveInvoicingSettings,
    answers={200: InvoicingSettingsView},
    refuses=(
        "currency_unsupported",
        "invoice_type_unknown",
        "payment_method_unknown",
        "payment_terms_unknown",
        "payment_window_invalid",
        "reminder_days_invalid",
        "time_zone_unknown",
        *CHANGES_A_RECORD,
    ),
)
def put_invoicing_settings(call: Call[SaveInvoicingSettings]) -> Reply:
    """Replace the invoicing settings as a whole."""
    settings = settings_from(call.input, call.caller.organization_id)
    return _shown(invoicing_settings.change(call.caller.organization_id, settings, bootstrap.ports()))


def _shown(settings: InvoicingSettings) -> Reply:
    zone = invoicing_settings.time_zone_in_force(settings.organization_id, bootstrap.ports())
    return Reply(settings_view(settings, zone, dashboard_base=bootstrap.config().stripe_dashboard_base))
