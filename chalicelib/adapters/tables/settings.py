"""Invoicing settings: a second item of the organization, beside its connection."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.adapters.tables.acts import put_acting
from chalicelib.adapters.tables.codec import decoded_item, encoded
from chalicelib.adapters.tables.database import read
from chalicelib.adapters.tables.models import ConnectionItem
from chalicelib.adapters.tables.versions import unchanged
from chalicelib.domain.acts import Act
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.settings import InvoicingSettings

KIND = "settings"


class TableSettings:
    """Fulfils `SettingsStore`."""

    def get(self, organization_id: OrganizationId) -> InvoicingSettings:
        item = read(ConnectionItem, organization_id, KIND)
        return decoded_item(InvoicingSettings, item) if item else InvoicingSettings(organization_id)

    def save(self, settings: InvoicingSettings, *acts: Act) -> InvoicingSettings:
        stored = replace(settings, version=settings.version + 1)
        values = {
            "organization_id": stored.organization_id,
            "kind": KIND,
            "version": stored.version,
            **encoded(stored),
        }
        put_acting(
            ConnectionItem, values, unchanged(ConnectionItem, settings.version), acts, "The record of the settings"
        )
        return stored
