"""The invoicing settings, stored in an organization's second item next to its connection."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.adapters.tables.acts import put_with_acts
from chalicelib.adapters.tables.codec import decode_item, encode
from chalicelib.adapters.tables.database import read_item
from chalicelib.adapters.tables.models import ConnectionItem
from chalicelib.adapters.tables.versions import has_version
from chalicelib.domain.acts import Act
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.settings import InvoicingSettings

KIND = "settings"


class TableSettings:
    """Implements `SettingsStore`."""

    def get(self, organization_id: OrganizationId) -> InvoicingSettings:
        item = read_item(ConnectionItem, organization_id, KIND)
        return decode_item(InvoicingSettings, item) if item else InvoicingSettings(organization_id)

    def save(self, settings: InvoicingSettings, *acts: Act) -> InvoicingSettings:
        stored = replace(settings, version=settings.version + 1)
        values = {
            "organization_id": stored.organization_id,
            "kind": KIND,
            "version": stored.version,
            **encode(stored),
        }
        put_with_acts(
            ConnectionItem, values, has_version(ConnectionItem, settings.version), acts, "The record of the settings"
        )
        return stored
