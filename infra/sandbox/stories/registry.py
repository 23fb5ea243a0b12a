"""All stories, in the order of a run.

`reads` comes last, because the other stories fill its lists. `credit notes` comes after `balance`, because it leaves
a balance to the customer that both use.
"""

from __future__ import annotations

from infra.sandbox.stories.accounts import ACCOUNTS
from infra.sandbox.stories.balances import BALANCES
from infra.sandbox.stories.billing import BILLING
from infra.sandbox.stories.cards import CARDS
from infra.sandbox.stories.credit_notes import CREDIT_NOTES
from infra.sandbox.stories.customers import CUSTOMERS
from infra.sandbox.stories.debits import DEBITS
from infra.sandbox.stories.disputes import DISPUTES
from infra.sandbox.stories.drafts import DRAFTS
from infra.sandbox.stories.payouts import PAYOUTS, PAYOUTS_LATER
from infra.sandbox.stories.reads import READS
from infra.sandbox.stories.refunds import REFUNDS
from infra.sandbox.stories.revisions import REVISIONS
from infra.sandbox.stories.trials import TRIALS

STORIES = (
    ACCOUNTS, BILLING, DRAFTS, CARDS, DEBITS, REFUNDS, DISPUTES, REVISIONS, BALANCES, CREDIT_NOTES, CUSTOMERS,
    TRIALS, PAYOUTS, PAYOUTS_LATER, READS,
)  # fmt: skip
