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


def _shown(settings: InvoicingSettings) -> Reply:
    zone = invoicing_settings.time_zone_in_force(settings.organization_id, bootstrap.ports())
    view = settings_view(settings, zone, dashboard_base=bootstrap.config().stripe_dashboard_base)
    return Reply(view, edit_tag=settings.edit_tag)


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
        "organization_erased",
        "payment_method_unknown",
        "payment_terms_unknown",
        "payment_window_invalid",
        "reminder_days_invalid",
        "time_zone_unknown",
        *CHANGES_A_RECORD,
    ),
    shows=_shown,
)
def put_invoicing_settings(call: Call[SaveInvoicingSettings]) -> Reply:
    """Replace the invoicing settings as a whole."""
    organization_id = call.caller.organization_id
    settings = settings_from(call.input, organization_id)
    return _shown(invoicing_settings.change(organization_id, settings, bootstrap.ports(), call.precondition))
