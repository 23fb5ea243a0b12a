"""All errors that this system raises deliberately.

    IntegrationError              code, message, field, next_step
    ├── Malformed                 the request cannot be parsed
    ├── Unsupported               the body has a media type that is not accepted
    │   └── TooLarge              the body is too large
    ├── Unauthorized              the caller has no valid token (domain.identity)
    ├── Forbidden                 the caller's role does not allow the request
    ├── NotFound                  the organization has no object with that id
    ├── Conflict                  the request contradicts the present state
    │   ├── ServiceAlreadyBilled  a service is on a live invoice
    │   ├── ChangedInStripe       a user changed in Stripe what POM was about to send
    │   ├── PaymentUnderWay       a payment of the invoice is on its way
    │   ├── FormerAddress         Stripe would mail to an address that is no longer the customer's
    │   ├── StripeCustomerTaken   the chosen Stripe customer belongs to another customer
    │   ├── InvoicingPaused       an operator has paused the organization's invoicing
    │   ├── CustomerErased        the person is erased, or is about to be
    │   └── CustomerUnsettled     something has to be settled before the person can be erased
    ├── CursorExpired             entries after the cursor may have been deleted
    ├── PreconditionFailed        the object has changed since the client read it
    ├── Refused                   the request is well-formed, but a rule of POM or Stripe forbids it
    │   ├── DueDatePassed         the due date lies before today
    │   ├── ServiceRepeated       the request names a service twice
    │   ├── AccountNotReady       Stripe does not let the account take payments
    │   ├── ChoiceNeeded          several Stripe customers have one e-mail address (domain.customer_link)
    │   ├── StripeCustomerUnknown the chosen Stripe customer is not in Stripe
    │   └── StripeRefused         Stripe responded with 4xx: repeating the request cannot help
    │       ├── TotalDiffers      Stripe's total differs from the one that POM ordered
    │       ├── PayoutNotItemized Stripe cannot list what is in the payout
    │       └── Gone              Stripe no longer has the object
    ├── AccountUnreachable        Stripe no longer lets POM act for the company's account
    └── Retryable                 the same request may succeed later
        ├── StripeUnavailable     Stripe is slow, throttled POM, or failed; the outcome may be unknown
        │   └── StripeBusy        Stripe refused to begin: nothing was done
        └── StaleWrite            another writer was first; read again

Errors that are always caught inside the system:

    InvalidSignature              a webhook without a valid signature of Stripe
    DuplicateEvent                this Stripe event has been applied before
    CannotOrder                   it is unknown which of two facts is newer (domain.merging)
    ValueNotAccepted              POM does not accept a value of Stripe's (domain.customer_fields)
    ServiceClaimed                other invoices hold the services (ports.storage)
    InvoiceExists                 an invoice of this id exists (ports.storage)
    StripeCustomerClaimed         another customer holds the Stripe customer (ports.storage)
    Cancelled                     DynamoDB cancelled a transaction (adapters.tables.database)
    _PlaceTaken                   another writer has put the next row of a feed (adapters.tables.changes)
    NotAnEvent                    a body is not an event of Stripe's (adapters.stripe.events)
    _Stopped                      a step of a connection test failed (usecases.connecting.try_connection)

Errors of the deployment. They are caught only around work that can wait for the next deployment:

    ConfigurationError            a setting is missing or invalid (config)
    DeploymentFault               AWS refuses all requests of this kind

`code` is stable: front ends and run books match on it. `message` and `next_step` are for people, and hold no secrets.
Only `api.http.errors` maps errors to HTTP statuses. Workers retry on `Retryable` only. An error of a request carries
the other errors of the same request (`domain.error_collector`).
"""

from __future__ import annotations


class IntegrationError(Exception):
    """Root of all expected errors.

    `others` are the further errors of the same request. `more` is True if there are even more errors than these.
    """

    def __init__(self, code: str, message: str, *, field: str | None = None, next_step: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field
        self.next_step = next_step
        self.others: tuple[IntegrationError, ...] = ()
        self.more = False


class Malformed(IntegrationError):
    """The request cannot be parsed: broken JSON, an unknown field, or a wrong type."""


class Unsupported(IntegrationError):
    """The body has a media type that is not accepted."""


class TooLarge(Unsupported):
    """The body is larger than the API accepts."""


class Forbidden(IntegrationError):
    """The caller's role does not allow this."""


class NotFound(IntegrationError):
    """The organization has no object with that id. Objects of other organizations get the same error."""


class Conflict(IntegrationError):
    """The request contradicts the present state."""


class ServiceAlreadyBilled(Conflict):
    """A service is on a live invoice. `number` is None if Stripe has not numbered that invoice yet."""

    def __init__(
        self, code: str, message: str, *, field: str, next_step: str, invoice_id: str, number: str | None
    ) -> None:
        super().__init__(code, message, field=field, next_step=next_step)
        self.invoice_id = invoice_id
        self.number = number


class ChangedInStripe(Conflict):
    """A user changed or finalized an invoice in Stripe, and no user of POM has seen it in this form."""


class PaymentUnderWay(Conflict):
    """A payment of the invoice is on its way; bank debits take days."""


class FormerAddress(Conflict):
    """Stripe would mail the invoice to an address that is no longer the customer's."""


class StripeCustomerTaken(Conflict):
    """The Stripe customer that was chosen belongs to another customer."""


class InvoicingPaused(Conflict):
    """An operator has paused the organization's invoicing. The same request may succeed later."""


class CustomerErased(Conflict):
    """A user asked POM to erase the person, so the customer accepts no new data."""


class CustomerUnsettled(Conflict):
    """The customer has an invoice or a batch that is not settled, so the person cannot be erased yet."""

    def __init__(self, code: str, message: str, *, next_step: str, invoice_id: str | None = None) -> None:
        super().__init__(code, message, next_step=next_step)
        self.invoice_id = invoice_id


class CursorExpired(IntegrationError):
    """Entries after a cursor may have been deleted already, so the next page could miss some."""


class PreconditionFailed(IntegrationError):
    """The object to replace has changed since the client read it. `stored` is the present object, or None."""

    def __init__(
        self,
        message: str,
        stored: object,
        *,
        next_step: str = "Compare your changes with `stored`, and repeat the request with this response's `ETag`.",
    ) -> None:
        super().__init__("precondition_failed", message, field="If-Match", next_step=next_step)
        self.stored = stored


class Refused(IntegrationError):
    """The request is well-formed, but a rule forbids it."""


class DueDatePassed(Refused):
    """The due date lies before today, in the organization's time zone."""


class ServiceRepeated(Refused):
    """One request names a service twice."""


class AccountNotReady(Refused):
    """Stripe does not let the account take payments, because its business is not verified."""


class StripeCustomerUnknown(Refused):
    """Stripe has no customer of the id that was chosen."""


class StripeRefused(Refused):
    """Stripe refused the request for good. The request changed nothing."""


class TotalDiffers(StripeRefused):
    """Stripe's total differs from POM's order, because Stripe added taxes or discounts."""


class PayoutNotItemized(StripeRefused):
    """Stripe cannot list what is in a payout, because the company created the payout manually."""


class Gone(StripeRefused):
    """The object of the request was deleted in Stripe."""


class AccountUnreachable(IntegrationError):
    """Stripe no longer lets POM act for this account, because it was disconnected there.

    It is not a `StripeRefused`, because it says nothing about the object of the request.
    """


class Retryable(IntegrationError):
    """The same request may succeed later. `retry_after` is in seconds."""

    retry_after = 5


class StripeUnavailable(Retryable):
    """Stripe did not respond, throttled POM, or failed.

    `answered` is True if Stripe responded with a failure of its own. Stripe stores that response with the idempotency
    key for 24 hours, so the same key would only repeat it (https://docs.stripe.com/api/idempotent_requests).
    """

    def __init__(self, code: str, message: str, *, answered: bool) -> None:
        super().__init__(code, message, next_step="Nothing is lost. Wait a moment; repeating the request is safe.")
        self.answered = answered


class StripeBusy(StripeUnavailable):
    """Stripe refused to begin, so nothing was done. The same request can be repeated with the same key."""


class StaleWrite(Retryable):
    """A stored item changed between the read and the write."""

    def __init__(self, record: str) -> None:
        super().__init__(
            "concurrent_change",
            f"{record} was changed by someone else at the same moment.",
            next_step="Load it again and repeat the request.",
        )


class DeploymentFault(Exception):
    """AWS refuses all requests of this kind: a permission, a resource or valid credentials are missing.

    It is not `Retryable`, because a caller who waits for a response must see the system's own faults. `code` is AWS's
    code. AWS's message is not logged or queued, because the message about a wrong signature repeats the request's
    headers.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class InvalidSignature(Exception):
    """A webhook body without a valid signature of Stripe, or with one that is too old."""


class DuplicateEvent(Exception):
    """The Stripe event has been applied before."""
