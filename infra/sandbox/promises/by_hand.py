"""Promises that no run can check. Each says what it needs, and how a person checks it.

Promises about balances, payouts and currencies are in `money_by_hand.py`.
"""

from __future__ import annotations

from infra.sandbox.findings import Needs, Verdict
from infra.sandbox.promises.promise import Outcome, Promise

DOUBLE = "infra/stripe_double/README.md"
FIELD = "docs/field.md"
IN_AN_ACCOUNT = "docs/in-an-account.md"


def by_hand(needs: Needs, name: str, sentence: str, source: str, phrase: str, how: str) -> Promise:
    """Returns a promise that no run checks. `how` says how a person checks it."""
    outcome = Outcome(Verdict.NOT_TRIED, how, needs)
    return Promise(name, sentence, source, lambda session: outcome, phrase, outcome)


BY_HAND = (
    by_hand(
        Needs.LIVE,
        "one e-mail under every setting",
        "Sending an invoice mails it once, whatever the e-mail settings in the account's Dashboard are.",
        "docs/decisions/0003-sending-finalizes.md",
        "sends one e-mail under every Dashboard setting",
        "In test mode Stripe mails nothing. It needs live mode: send an invoice to yourself with 'Email finalized"
        " invoices' on, and one with it off.",
    ),
    by_hand(
        Needs.DAYS,
        "keys are kept for a day",
        "Stripe stores an idempotency key for 24 hours, and no longer.",
        "docs/decisions/0003-sending-finalizes.md",
        "Stripe stores an idempotency key for 24 hours",
        "It needs a day: repeat a request with its key 23 and 25 hours later.",
    ),
    by_hand(
        Needs.DAYS,
        "a lock timeout is to be retried",
        "A 429 with lock_timeout has Stripe-Should-Retry true, and no reason header.",
        DOUBLE,
        "`Stripe-Should-Retry` is `true` on `lock_timeout`",
        "A lock timeout cannot be caused on purpose. After a month, search the stage's logs for lock_timeout.",
    ),
    by_hand(
        Needs.LIVE,
        "rate limits are counted for each account",
        "Requests on a connected account count towards its own limit, not towards the platform's 100 a second.",
        "docs/decisions/0015-how-often-accounts-are-swept.md",
        "Stripe does not say whether",
        "It needs live mode and load: watch ./ops status for 429 while many accounts are swept.",
    ),
    by_hand(
        Needs.DAYS,
        "an expired link is replaced",
        "After the link of the hosted page has expired, reading the invoice returns a new link.",
        DOUBLE,
        "reading or sending the invoice creates a new link, valid for ten days",
        "It needs an invoice that was due 30 days ago: open its old link, then read the invoice again.",
    ),
    by_hand(
        Needs.PERSON,
        "a due date is shown in the account's time zone",
        "Pages and e-mails show the due date in the account's time zone.",
        DOUBLE,
        "the day in the time zone of the account's Dashboard",
        "It needs a person: set another time zone in the Dashboard, and compare the hosted page with POM.",
    ),
    by_hand(
        Needs.PERSON,
        "a discount is split over the lines",
        "A discount on an invoice is split over its lines in proportion to their amounts.",
        DOUBLE,
        "split over its lines in proportion, one after the other",
        "It needs a person: give a draft a discount in the Dashboard. POM reads the total only.",
    ),
    by_hand(
        Needs.STORY,
        "a card that needs authentication is declined",
        "A card that needs authentication is declined with authentication_required if it is charged off session.",
        DOUBLE,
        "a 3-D Secure card paid off session by the API",
        "POM never charges a card off session. The story of cards plays a payer who is present.",
    ),
    by_hand(
        Needs.ACCOUNT,
        "an account with requirements cannot finalize",
        "An account without charges_enabled cannot finalize an invoice.",
        DOUBLE,
        "finalizing while `charges_enabled` is false",
        "It needs an account that Stripe has restricted, because POM does not send from such an account."
        " Create a test account without its details, and finalize an invoice in its Dashboard.",
    ),
    by_hand(
        Needs.STORY,
        "each partial payment has its event",
        "Each partial payment of an invoice emits invoice_payment.paid, in any order.",
        FIELD,
        "order a payment in parts generates its events",
        "The story of partial payments does this. Its events are compared under sequences.",
    ),
    by_hand(
        Needs.PERSON,
        "a partly paid invoice cannot be revised",
        "An invoice that is partly paid cannot be revised.",
        "docs/decisions/0019-revisions.md",
        "what happens to an original that was paid in part",
        "It needs a person: pay a part of an invoice, then choose Edit invoice in the Dashboard.",
    ),
    by_hand(
        Needs.ACCOUNT,
        "old accounts have invoices without a status",
        "On accounts with an API version before 2018-11-08, invoices in events have closed and forgiven, not status.",
        DOUBLE,
        "an invoice without `status` (before 2018-11-08)",
        "It needs an account of that age.",
    ),
    by_hand(
        Needs.LISTEN,
        "a disconnected account names its application",
        "account.application.deauthorized contains the application, and names the account at the top level.",
        "chalicelib/domain/events.py",
        "account.application.deauthorized",
        "Stripe sends it by webhook only: run `stripe listen --forward-connect-to`, and disconnect in the Dashboard.",
    ),
    by_hand(
        Needs.LISTEN,
        "a webhook names its account",
        "A webhook of a connected account names the account and the mode.",
        "chalicelib/adapters/stripe/events.py",
        "its account cannot be Stripe's",
        "A webhook needs a public address. `stripe listen --forward-connect-to` shows a webhook without one.",
    ),
    by_hand(
        Needs.PERSON,
        "an invoice of the Dashboard names no application",
        "An invoice that was created in the Dashboard has no application.",
        IN_AN_ACCOUNT,
        "null on the second",
        "It needs a person: create an invoice in the account's Dashboard, and read it with the API.",
    ),
    by_hand(
        Needs.PERSON,
        "cancelling in Connect gives access_denied",
        "If the owner cancels on Connect's page, Stripe redirects the browser to POM with access_denied.",
        "chalicelib/usecases/connecting/connect.py",
        "access_denied",
        "It needs a person: press Install in POM, and cancel at Stripe.",
    ),
    by_hand(
        Needs.PERSON,
        "a code is good for five minutes",
        "An authorization code that is older than five minutes is refused with invalid_grant.",
        "infra/stripe_double/config.py",
        "oauth_code_seconds: int = 300",
        "It needs a person who waits: connect, and let the browser return to POM after six minutes.",
    ),
    by_hand(
        Needs.PERSON,
        "an empty period is not shown",
        "Stripe does not show the period of a line if its start and its end are equal.",
        "chalicelib/adapters/stripe/drafts.py",
        "Stripe shows a period only if it ends later than it begins",
        "It needs a person: open the hosted page of an invoice whose services have a date.",
    ),
    by_hand(
        Needs.ACCOUNT,
        "an account of another platform cannot connect",
        "Connect requires the owner of an account that another platform controls to open a new account.",
        IN_AN_ACCOUNT,
        "an account that another platform controls",
        "It needs a person with such an account (https://docs.stripe.com/connect/oauth-changes-for-standard-platforms).",
    ),
    by_hand(
        Needs.PERSON,
        "the permissions of a restricted key are enough",
        "A restricted key with the permissions in the guide is enough for every request of POM.",
        IN_AN_ACCOUNT,
        "the listed permissions are enough",
        "It needs a restricted key in dev: connect, Test connection, disconnect. Stripe logs missing permissions.",
    ),
    by_hand(
        Needs.ACCOUNT,
        "no search in India",
        "The search for customers on an account in India is refused with 400.",
        "docs/decisions/0020-customers.md",
        "a search in India is refused with 400",
        "It needs an account in India.",
    ),
    by_hand(
        Needs.PERSON,
        "payment records appear as invoice payments",
        "A payment that a person records in Stripe appears as the payment_record of an invoice payment.",
        "docs/decisions/0022-changed-drafts-and-manual-payments.md",
        "payment records (`payment_record` of an invoice payment) on a real account",
        "It needs a person: record a part of an invoice as paid in the Dashboard. POM records no parts.",
    ),
    by_hand(
        Needs.ACCOUNT,
        "a deleted customer can be redacted",
        "A redaction job accepts a customer that was already deleted.",
        "docs/privacy.md",
        "is not documented. Try it with a test customer",
        "It needs a platform in the preview of redaction jobs.",
    ),
)
