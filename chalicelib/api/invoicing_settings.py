"""The invoicing settings under Settings → Invoicing."""

from __future__ import annotations

from chalicelib import bootstrap
from chalicelib.api.http.route_error_codes import CHANGES_A_RECORD
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.acts import SettingsHistory, settings_history
from chalicelib.api.models.invoicing_settings import (
    InvoicingSettingsView,
    SaveInvoicingSettings,
    settings_from,
    settings_view,
)
from chalicelib.api.models.queries import Nothing, PageQuery
from chalicelib.domain.acts import Subject
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.usecases.acts.histories import history_of
from chalicelib.usecases.invoicing import invoicing_settings

router = Router(__name__, "Invoicing settings")


def _settings_reply(settings: InvoicingSettings) -> Reply:
    """Returns the settings as `GET` returns them, with the time zone in force and the ETag."""
    zone = invoicing_settings.time_zone_in_force(settings.organization_id, bootstrap.ports())
    view = settings_view(settings, zone, dashboard_base=bootstrap.config().stripe_dashboard_base)
    return Reply(view, edit_tag=settings.edit_tag)


@router.route("GET", "/settings/invoicing", Role.MEMBER, takes=Nothing, responses={200: InvoicingSettingsView})
def get_invoicing_settings(call: Call[Nothing]) -> Reply:
    """Retrieve the invoicing settings."""
    return _settings_reply(invoicing_settings.read(call.caller.organization_id, bootstrap.ports()))


@router.route(
    "PUT",
    "/settings/invoicing",
    Role.ADMIN,
    takes=SaveInvoicingSettings,
    responses={200: InvoicingSettingsView},
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
    reply_of_stored=_settings_reply,
)
def put_invoicing_settings(call: Call[SaveInvoicingSettings]) -> Reply:
    """Replace the invoicing settings as a whole."""
    caller, ports = call.caller, bootstrap.ports()
    settings = settings_from(call.input, caller.organization_id)
    stored_settings = invoicing_settings.change(
        caller.organization_id, settings, ports, call.precondition, by=caller.user_id
    )
    return _settings_reply(stored_settings)


@router.route(
    "GET",
    "/settings/invoicing/history",
    Role.MEMBER,
    takes=PageQuery,
    responses={200: SettingsHistory},
    refuses=(),
)
def list_settings_changes(call: Call[PageQuery]) -> Reply:
    """List who changed the invoicing settings, when, and each value before and after, newest first.

    A save that changes nothing is not listed. Entries are stored without end. They do not contain the texts of `memo`
    and `footer`, only that these texts changed.
    """
    subject, query = Subject.settings_of(call.caller.organization_id), call.input
    return Reply(settings_history(history_of(subject, query.first, query.after, bootstrap.ports())))
