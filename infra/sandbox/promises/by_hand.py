"""Assumptions that no run of minutes can try: each says why, and how a person sees it."""

from __future__ import annotations

from infra.sandbox.promises.promise import Promise, not_tried

DOUBLE = "infra/stripe_double/README.md"
FIELD = "docs/field.md"
IN_AN_ACCOUNT = "docs/in-an-account.md"
LATER = "`make sandbox ARGS=--later` reads payouts a day after a run"


def _seen_by_hand(name: str, sentence: str, source: str, phrase: str, why: str) -> Promise:
    return Promise(name, sentence, source, lambda lab: not_tried(why), phrase)


BY_HAND = (
    _seen_by_hand(
        "one e-mail under every setting",
        "Sending an invoice mails it once, whatever the e-mail settings in the account's Dashboard are.",
        "docs/decisions/0003-sending-finalizes.md",
        "mails once under every Dashboard setting",
        "In test mode Stripe mails nothing. It needs live mode: send an invoice to yourself with 'Email finalized"
        " invoices' on, and one with it off.",
    ),
    _seen_by_hand(
        "keys are kept for a day",
        "Stripe keeps an idempotency key for 24 hours, and no longer than it says.",
        "docs/decisions/0003-sending-finalizes.md",
        "Stripe keeps an idempotency key for 24 hours",
        "It needs a day: repeat a request with its key 23 and 25 hours later.",
    ),
    _seen_by_hand(
        "a lock is to be retried",
        "A 429 with lock_timeout has Stripe-Should-Retry true, and no reason header.",
        DOUBLE,
        "`Stripe-Should-Retry` is `true` on `lock_timeout`",
        "Nobody can bring a lock about on purpose. Look for lock_timeout in the stage's logs after a month.",
    ),
    _seen_by_hand(
        "limits are those of each account",
        "Requests for connected accounts count for these accounts, and not for the platform's 100 a second.",
        "docs/decisions/0015-how-often-accounts-are-swept.md",
        "Stripe does not say whether",
        "It needs live mode and load: watch ./ops status for 429 while many accounts are swept.",
    ),
    _seen_by_hand(
        "old links lead on",
        "When the link of the hosted page has expired, reading the invoice gives another one.",
        DOUBLE,
        "reading or sending the invoice brings another, good for ten days",
        "It needs 30 days after a due date: open the link of an invoice that was due so long ago, and read it again.",
    ),
    _seen_by_hand(
        "a due date is shown in the account's time zone",
        "Pages and e-mails show the due date as a day of the account's time zone.",
        DOUBLE,
        "that of the time zone in the account's Dashboard",
        "It needs a person: set another time zone in the Dashboard, and compare the hosted page with POM.",
    ),
    _seen_by_hand(
        "a refund can fail after it succeeded",
        "A refund that fails after it succeeded makes refund.updated, charge.refund.updated and refund.failed.",
        DOUBLE,
        "a refund fails after it succeeded",
        "The story of refunds plays it (pm_card_refundFail); its events are compared under sequences.",
    ),
    _seen_by_hand(
        "a refund beyond the balance says so",
        "A refund that the balance does not cover is refused with the message_code insufficient_balance_for_refund.",
        "chalicelib/adapters/stripe/refund_refusals.py",
        "insufficient_balance_for_refund",
        "It needs an account whose whole balance was paid out: refund there, and read the answer in Stripe's logs.",
    ),
    _seen_by_hand(
        "an old bank debit is not refunded",
        "A bank debit of more than 180 days ago is refused with charge_not_refundable.",
        DOUBLE,
        "a bank debit of more than 180 days ago is refunded",
        "It needs 180 days.",
    ),
    _seen_by_hand(
        "a debit still arrives",
        "A bank debit that is under way when other payments complete the invoice still arrives, as a surplus.",
        DOUBLE,
        "the debit still arrives: `amount_overpaid`, `invoice.overpaid`",
        "It needs days in live mode: begin a bank debit on the hosted page, and pay the rest by card meanwhile.",
    ),
    _seen_by_hand(
        "a lost dispute takes the whole charge",
        "The balance transaction of a dispute over a charge that was refunded in part is that of the whole charge.",
        DOUBLE,
        "a dispute over a whole charge that was refunded in part is lost",
        "In test mode a dispute comes at once, before anybody can refund a part. It needs a real one.",
    ),
    _seen_by_hand(
        "a won dispute gives its fee back",
        "A dispute that is won gives the amount and the fee back.",
        DOUBLE,
        "a dispute's fee after a win",
        "The story of disputes wins one; its balance transactions are compared under shapes.",
    ),
    _seen_by_hand(
        "a disputed amount in another currency",
        "A dispute in the bank's currency has no exchange_rate.",
        FIELD,
        "even in another currency, then without an `exchange_rate`",
        "It needs a payer in another country, in live mode.",
    ),
    _seen_by_hand(
        "exchange rates convert minor units",
        "exchange_rate converts minor units, also between currencies with different ones.",
        DOUBLE,
        "converts minor units: 5000 yen at 0.67 are 33.50 dollars",
        "It needs an account that takes a currency without minor units: bill 5000 JPY on an account in dollars.",
    ),
    _seen_by_hand(
        "fees are those of the country",
        "Fees in other currencies have the same percentages and numbers of minor units.",
        DOUBLE,
        "fees in other currencies",
        "It needs another country. POM shows what Stripe took, and computes no fee.",
    ),
    _seen_by_hand(
        "a currency without a rate settles in itself",
        "A charge in a currency that Stripe does not convert settles in that currency.",
        DOUBLE,
        "a charge in a currency without an exchange rate",
        "It needs another country: pay in a currency in which the account has a bank account.",
    ),
    _seen_by_hand(
        "a debit is available as late as a card",
        "The money of a bank debit is available as many days after it settled as a card's after the payment.",
        DOUBLE,
        "a bank debit's money",
        f"It needs days; {LATER}.",
    ),
    _seen_by_hand(
        "a payout lists itself",
        "The lines of an automatic payout are all that it took, and its own negative line.",
        DOUBLE,
        "lists what an automatic payout took, and its own negative line",
        f"It needs a day; {LATER}.",
    ),
    _seen_by_hand(
        "a payout is complete when Stripe says so",
        "Until payout.reconciliation_completed a payout lists its own line only.",
        DOUBLE,
        "listing a payout before its reconciliation is completed",
        f"It needs a day; {LATER}.",
    ),
    _seen_by_hand(
        "a payout is updated on its way",
        "payout.updated comes when a payout is in transit and when it is reversed.",
        DOUBLE,
        "when a payout becomes `in_transit`, and when it is reversed",
        f"It needs a day; {LATER}, and the Dashboard lists its events.",
    ),
    _seen_by_hand(
        "an instant payout has its fee on itself",
        "The fee of an instant payout is the fee of the payout's own transaction.",
        DOUBLE,
        "the fee of an instant payout",
        "It needs a debit card of the owner's: ask for an instant payout in the Dashboard.",
    ),
    _seen_by_hand(
        "a reversed payout is a payout by hand",
        "Reversing a payout makes a negative payout by hand, and payout.updated for the original.",
        DOUBLE,
        "reversing a payout",
        f"It needs a payout that arrived. {LATER}; reverse it in the Dashboard.",
    ),
    _seen_by_hand(
        "a payout that failed comes back",
        "A payout that fails after it was paid has its money in the balance again, as the line of a later payout.",
        FIELD,
        "a `payout_failure` that names the first one as its source",
        "It needs days: give the test account a bank account that fails (000111111116), and wait for a payout.",
    ),
    _seen_by_hand(
        "a minimum balance has two lines",
        "What a minimum balance holds back is a line of one payout, and its release a line of the next.",
        FIELD,
        "A minimum balance is held back from one payout and released into the next.",
        "It needs days: set a minimum balance in the Dashboard, and read two payouts.",
    ),
    _seen_by_hand(
        "a source without the field stays as it is",
        "Expanding a field of data.source leaves sources that lack the field as they are.",
        DOUBLE,
        "expanding `data.source.…` where some sources lack the field",
        f"It needs a payout with lines of several kinds; {LATER}. POM expands data.source only.",
    ),
    _seen_by_hand(
        "discounts are shared by lines",
        "A discount of an invoice is taken off its lines in proportion.",
        DOUBLE,
        "taken off its lines in proportion, one after the other",
        "It needs a person: give a draft a discount in the Dashboard. POM reads the total only.",
    ),
    _seen_by_hand(
        "a card that asks for the payer is declined",
        "A card that asks for its owner is declined with authentication_required when nobody is there.",
        DOUBLE,
        "a 3-D Secure card paid off session by the API",
        "POM never pays off session. Its story of cards plays the payer who is there.",
    ),
    _seen_by_hand(
        "an account with requirements cannot finalize",
        "An account without charges_enabled cannot finalize an invoice.",
        DOUBLE,
        "finalizing while `charges_enabled` is false",
        "It needs an account that Stripe has restricted; POM does not send while it knows so. Make a test account"
        " without its details, and finalize an invoice in its Dashboard.",
    ),
    _seen_by_hand(
        "each part has its event",
        "Each part of an invoice that is paid makes an invoice_payment.paid, in whatever order.",
        FIELD,
        "order a payment in parts makes its events",
        "The story of parts plays it; its events are compared under sequences.",
    ),
    _seen_by_hand(
        "a revision of what was paid in part",
        "An invoice that was paid in part cannot be revised.",
        "docs/decisions/0019-revisions.md",
        "what happens to an original that was paid in part",
        "It needs a person: pay a part of an invoice, and choose Edit invoice in the Dashboard.",
    ),
    _seen_by_hand(
        "invoices without a status",
        "On an account of a version before 2018-11-08 an event's invoice has closed and forgiven instead of status.",
        DOUBLE,
        "an invoice without `status` (before 2018-11-08)",
        "It needs an account of that age.",
    ),
    _seen_by_hand(
        "old accounts hear of refunds",
        "An account of a version before 2024-10-28 gets charge.refunded and charge.refund.updated.",
        "docs/decisions/0030-events-asked-for.md",
        "A refund on an account with an API version before 2024-10-28",
        "It needs an account of that age. This run says which version its account has.",
    ),
    _seen_by_hand(
        "a disconnected account names its application",
        "account.application.deauthorized shows an application, and names the account beside it.",
        "chalicelib/domain/events.py",
        "account.application.deauthorized",
        "It comes by webhook only: `stripe listen --forward-connect-to`, then disconnect in the Dashboard.",
    ),
    _seen_by_hand(
        "a webhook names its account",
        "A webhook of a connected account names the account and the mode.",
        "chalicelib/adapters/stripe/events.py",
        "its account cannot be Stripe's",
        "A webhook needs a public address: `stripe listen --forward-connect-to` shows one.",
    ),
    _seen_by_hand(
        "an account of another platform cannot connect",
        "The owner of an account that another platform controls is made to open a new one.",
        "infra/sandbox/promises/by_hand.py",
        "another platform controls",
        "It needs a person with such an account (https://docs.stripe.com/connect/oauth-changes-for-standard-platforms).",
    ),
    _seen_by_hand(
        "the permissions of a restricted key are enough",
        "A restricted key with the permissions of the guide can do all that POM does.",
        IN_AN_ACCOUNT,
        "the listed permissions are enough",
        "It needs a restricted key in dev: connect, Test connection, disconnect; Stripe's logs name what is missing.",
    ),
    _seen_by_hand(
        "no search in India",
        "An account in India is refused the search for customers with 400.",
        "docs/decisions/0020-customers.md",
        "a search in India is refused with 400",
        "It needs an account in India.",
    ),
    _seen_by_hand(
        "payment records are not known",
        "Payments that are recorded by hand in Stripe appear as payment_record of an invoice payment.",
        "docs/decisions/0022-drafts-and-money-by-hand.md",
        "payment records (`payment_record` of an invoice payment) on a real account",
        "It needs a person: record a part of an invoice as paid in the Dashboard. POM records no parts.",
    ),
    _seen_by_hand(
        "a deleted customer can be redacted",
        "A customer that was deleted can still be named in a redaction job.",
        "docs/privacy.md",
        "is not documented. Try it with a test customer",
        "It needs a platform in the preview of redaction jobs.",
    ),
)
