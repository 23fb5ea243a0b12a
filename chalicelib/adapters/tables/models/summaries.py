"""The table of invoice tallies."""

from __future__ import annotations

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chalicelib.adapters.tables.models.table import TableMeta


class SummaryItem(Model):
    """Tallies of an organization's invoices. The attributes next to the keys are numbers, which `summaries` names."""

    class Meta(TableMeta):
        pass

    organization_id = UnicodeAttribute(hash_key=True)
    place = UnicodeAttribute(range_key=True)
