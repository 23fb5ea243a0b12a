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
        "mails once under every Dashboard setting",
        "In test mode Stripe mails nothing. It needs live mode: send an invoice to yourself with 'Email finalized"
        " invoices' on, and one with it off.",
    ),
    by_hand(
        Needs.DAYS,
        "keys are kept for a day",
        "Stripe keeps an idempotency key for 24 hours, and no longer than it says.",
        "docs/decisions/0003-sending-finalizes.md",
        "Stripe keeps an idempotency key for 24 hours",
        "It needs a day: repeat a request with its key 23 and 25 hours later.",
    ),
    by_hand(
        Needs.DAYS,
        "a lock is to be retried",
        "A 429 with lock_timeout has Stripe-Should-Retry true, and no reason header.",
        DOUBLE,
        "`Stripe-Should-Retry` is `true` on `lock_timeout`",
        "Nobody can bring a lock about on purpose. Look for lock_timeout in the stage's logs after a month.",
    ),
    by_hand(
        Needs.LIVE,
        "limits are those of each account",
        "Requests for connected accounts count for these accounts, and not for the platform's 100 a second.",
        "docs/decisions/0015-how-often-accounts-are-swept.md",
        "Stripe does not say whether",
        "It needs live mode and load: watch ./ops status for 429 while many accounts are swept.",
    ),
    by_hand(
        Needs.DAYS,
        "old links lead on",
        "When the link of the hosted page has expired, reading the invoice gives another one.",
        DOUBLE,
        "reading or sending the invoice brings another, good for ten days",
        "It needs 30 days after a due date: open the link of an invoice that was due so long ago, and read it again.",
    ),
    by_hand(
        Needs.PERSON,
        "a due date is shown in the account's time zone",
        "Pages and e-mails show the due date as a day of the account's time zone.",
        DOUBLE,
        "that of the time zone in the account's Dashboard",
        "It needs a person: set another time zone in the Dashboard, and compare the hosted page with POM.",
    ),
    by_hand(
        Needs.PERSON,
        "discounts are shared by lines",
        "A discount of an invoice is taken off its lines in proportion.",
        DOUBLE,
        "taken off its lines in proportion, one after the other",
        "It needs a person: give a draft a discount in the Dashboard. POM reads the total only.",
    ),
    by_hand(
        Needs.STORY,
        "a card that asks for the payer is declined",
        "A card that asks for its owner is declined with authentication_required when nobody is there.",
        DOUBLE,
        "a 3-D Secure card paid off session by the API",
        "POM never pays off session. Its story of cards plays the payer who is there.",
    ),
    by_hand(
        Needs.ACCOUNT,
        "an account with requirements cannot finalize",
        "An account without charges_enabled cannot finalize an invoice.",
        DOUBLE,
        "finalizing while `charges_enabled` is false",
        "It needs an account that Stripe has restricted; POM does not send while it knows so. Make a test account"
        " without its details, and finalize an invoice in its Dashboard.",
    ),
    by_hand(
        Needs.STORY,
        "each part has its event",
        "Each part of an invoice that is paid makes an invoice_payment.paid, in whatever order.",
        FIELD,
        "order a payment in parts makes its events",
        "The story of parts plays it; its events are compared under sequences.",
    ),
    by_hand(
        Needs.PERSON,
        "a revision of what was paid in part",
        "An invoice that was paid in part cannot be revised.",
        "docs/decisions/0019-revisions.md",
        "what happens to an original that was paid in part",
        "It needs a person: pay a part of an invoice, and choose Edit invoice in the Dashboard.",
    ),
    by_hand(
        Needs.ACCOUNT,
        "invoices without a status",
        "On an account of a version before 2018-11-08 an event's invoice has closed and forgiven instead of status.",
        DOUBLE,
        "an invoice without `status` (before 2018-11-08)",
        "It needs an account of that age.",
    ),
    by_hand(
        Needs.LISTEN,
        "a disconnected account names its application",
        "account.application.deauthorized shows an application, and names the account beside it.",
        "chalicelib/domain/events.py",
        "account.application.deauthorized",
        "It comes by webhook only: `stripe listen --forward-connect-to`, then disconnect in the Dashboard.",
    ),
    by_hand(
        Needs.LISTEN,
        "a webhook names its account",
        "A webhook of a connected account names the account and the mode.",
        "chalicelib/adapters/stripe/events.py",
        "its account cannot be Stripe's",
        "A webhook needs a public address: `stripe listen --forward-connect-to` shows one.",
    ),
    by_hand(
        Needs.PERSON,
        "an invoice of the Dashboard names no application",
        "An invoice that a person made in the Dashboard names no application.",
        IN_AN_ACCOUNT,
        "null on the second",
        "It needs a person: make an invoice in the account's Dashboard, and read it by the API.",
    ),
    by_hand(
        Needs.PERSON,
        "a person who cancels is told so",
        "If the owner cancels on the page of Connect, Stripe sends the browser back with access_denied.",
        "chalicelib/usecases/connecting/connect.py",
        "access_denied",
        "It needs a person: press Install in POM, and cancel at Stripe.",
    ),
    by_hand(
        Needs.PERSON,
        "a code is good for five minutes",
        "A code that is older than five minutes is refused with invalid_grant.",
        "infra/stripe_double/config.py",
        "oauth_code_seconds: int = 300",
        "It needs a person who waits: connect, and let the browser come back after six minutes.",
    ),
    by_hand(
        Needs.PERSON,
        "a period of one moment is not shown",
        "Stripe does not show the period of a line that ends when it begins.",
        "chalicelib/adapters/stripe/drafts.py",
        "Stripe shows a period only if it ends later than it begins",
        "It needs a person: open the hosted page of an invoice whose services have a date.",
    ),
    by_hand(
        Needs.ACCOUNT,
        "an account of another platform cannot connect",
        "The owner of an account that another platform controls is made to open a new one.",
        IN_AN_ACCOUNT,
        "an account that another platform controls",
        "It needs a person with such an account (https://docs.stripe.com/connect/oauth-changes-for-standard-platforms).",
    ),
    by_hand(
        Needs.PERSON,
        "the permissions of a restricted key are enough",
        "A restricted key with the permissions of the guide can do all that POM does.",
        IN_AN_ACCOUNT,
        "the listed permissions are enough",
        "It needs a restricted key in dev: connect, Test connection, disconnect; Stripe's logs name what is missing.",
    ),
    by_hand(
        Needs.ACCOUNT,
        "no search in India",
        "An account in India is refused the search for customers with 400.",
        "docs/decisions/0020-customers.md",
        "a search in India is refused with 400",
        "It needs an account in India.",
    ),
    by_hand(
        Needs.PERSON,
        "payment records are not known",
        "Payments that are recorded by hand in Stripe appear as payment_record of an invoice payment.",
        "docs/decisions/0022-changed-drafts-and-manual-payments.md",
        "payment records (`payment_record` of an invoice payment) on a real account",
        "It needs a person: record a part of an invoice as paid in the Dashboard. POM records no parts.",
    ),
    by_hand(
        Needs.ACCOUNT,
        "a deleted customer can be redacted",
        "A customer that was deleted can still be named in a redaction job.",
        "docs/privacy.md",
        "is not documented. Try it with a test customer",
        "It needs a platform in the preview of redaction jobs.",
    ),
)
