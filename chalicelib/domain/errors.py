"""Every error this system raises on purpose.

    IntegrationError              code, message, field, next_step
    ├── Malformed                 the request cannot be understood
    ├── Unsupported               the body is of a type that is not taken
    │   └── TooLarge              the body is larger than is taken
    ├── Unauthorized              the caller is not known (domain.identity)
    ├── Forbidden                 understood, but this role may not
    ├── NotFound                  nothing of this organization has that id
    ├── Conflict                  the request contradicts the present state
    │   ├── ServiceAlreadyBilled  a service is on a live invoice
    │   ├── ChangedInStripe       somebody changed in Stripe what POM was about to send
    │   ├── PaymentUnderWay       a payment of the invoice is on its way
    │   ├── FormerAddress         Stripe would mail to an address that is not the customer's any more
    │   ├── StripeCustomerTaken   the chosen Stripe customer belongs to another customer
    │   ├── InvoicingPaused       operations look into something first
    │   ├── CustomerErased        the person is erased, or is about to be
    │   └── CustomerUnsettled     something has to be settled before the person can be erased
    ├── CursorExpired             what follows a cursor may have been deleted already
    ├── PreconditionFailed        the thing is no longer as the client has seen it
    ├── Refused                   well-formed, but a rule of ours or of Stripe says no
    │   ├── DueDatePassed         the due date lies before today
    │   ├── ServiceRepeated       one request names a service twice
    │   ├── AccountNotReady       Stripe does not let the account take payments
    │   ├── ChoiceNeeded          several Stripe customers have one e-mail address (domain.customer_link)
    │   ├── StripeCustomerUnknown the chosen Stripe customer is not in Stripe
    │   └── StripeRefused         Stripe answered 4xx: repeating the same request cannot help
    │       ├── TotalDiffers      Stripe made another total than POM ordered
    │       ├── PayoutNotItemized Stripe cannot list what is in the payout
    │       └── Gone              what the request is about is no longer in Stripe
    ├── AccountUnreachable        Stripe no longer lets us act for the company's account
    └── Retryable                 no fault of the request: the same request may pass later
        ├── StripeUnavailable     Stripe slow, throttled, or failing; the outcome may be unknown
        │   └── StripeBusy        Stripe refused to begin: nothing was done
        └── StaleWrite            somebody else wrote first; read again

Errors that are caught before anybody outside hears of them:

    InvalidSignature              a webhook that Stripe did not sign for us
    DuplicateEvent                this Stripe event has been applied before
    CannotOrder                   nothing says which of two facts is newer (domain.merging)
    NotTaken                      POM does not accept a value of Stripe's (domain.customer_fields)
    ServiceClaimed                other invoices hold the services (ports.storage)
    InvoiceExists                 an invoice of this id exists (ports.storage)
    StripeCustomerClaimed         another customer holds the Stripe customer (ports.storage)
    Cancelled                     DynamoDB cancelled a transaction (adapters.tables.database)
    _Taken                        another writer has put the next row of a feed (adapters.tables.changes)
    NoEvent                       a body is no event of Stripe's (adapters.stripe.events)
    _Stopped                      a test of the connection went wrong (usecases.connecting.try_connection)

Errors of the deployment. Only work that can wait for the next deployment catches them:

    ConfigurationError            a setting is missing or cannot be used (config)
    DeploymentFault               AWS refuses requests of this kind, whatever is in them

`code` is stable: front ends and run books match on it. `message` and `next_step` are for people, and hold
nothing secret. `api.http.errors` alone knows HTTP statuses; workers retry on `Retryable` only. An error of a request
carries the other errors of the same request (`domain.every_error`).
"""

from __future__ import annotations


class IntegrationError(Exception):
    """Root of all expected errors.

    `others` are the further errors of the same request, and `more` says that it has even more than these.
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
    """The request cannot be understood: broken JSON, an unknown field, a wrong type."""


class Unsupported(IntegrationError):
    """The body is of a media type that is not taken."""


class TooLarge(Unsupported):
    """The body is larger than is taken."""


class Forbidden(IntegrationError):
    """The caller's role does not allow this."""


class NotFound(IntegrationError):
    """Nothing of this organization has that id; other organizations' ids look the same."""


class Conflict(IntegrationError):
    """The request contradicts the present state."""


class ServiceAlreadyBilled(Conflict):
    """A service is on a live invoice. `number` is None while Stripe has not numbered that invoice."""

    def __init__(
        self, code: str, message: str, *, field: str, next_step: str, invoice_id: str, number: str | None
    ) -> None:
        super().__init__(code, message, field=field, next_step=next_step)
        self.invoice_id = invoice_id
        self.number = number


class ChangedInStripe(Conflict):
    """Somebody changed or finalized an invoice in Stripe, and nobody has seen it as it would be sent."""


class PaymentUnderWay(Conflict):
    """A payment of the invoice is on its way; bank debits take days."""


class FormerAddress(Conflict):
    """Stripe would mail the invoice to an address that is not the customer's any more."""


class StripeCustomerTaken(Conflict):
    """The Stripe customer that was chosen belongs to another customer."""


class InvoicingPaused(Conflict):
    """Operations have paused the organization's invoicing. The same request may pass later."""


class CustomerErased(Conflict):
    """Somebody asked POM to erase the person, so nothing new is taken for the customer."""


class CustomerUnsettled(Conflict):
    """Something of the customer is not settled, so the person cannot be erased yet: an invoice, or a batch."""

    def __init__(self, code: str, message: str, *, next_step: str, invoice_id: str | None = None) -> None:
        super().__init__(code, message, next_step=next_step)
        self.invoice_id = invoice_id


class CursorExpired(IntegrationError):
    """What follows a cursor may have been deleted already, so a page behind it could leave something out."""


class PreconditionFailed(IntegrationError):
    """What a request was to replace is no longer as the client has seen it. `stored` is what is there, or None."""

    def __init__(
        self,
        message: str,
        stored: object,
        *,
        next_step: str = "Compare your changes with `stored`, and repeat the request with the `ETag` of this answer.",
    ) -> None:
        super().__init__("precondition_failed", message, field="If-Match", next_step=next_step)
        self.stored = stored


class Refused(IntegrationError):
    """Well-formed, but a rule says no."""


class DueDatePassed(Refused):
    """The due date lies before today, in the organization's time zone."""


class ServiceRepeated(Refused):
    """One request names a service twice."""


class AccountNotReady(Refused):
    """Stripe does not let the account take payments, because its business is not verified."""


class StripeCustomerUnknown(Refused):
    """Stripe has no customer of the id that was chosen."""


class StripeRefused(Refused):
    """Stripe answered with a definite no; nothing was changed by the request."""


class TotalDiffers(StripeRefused):
    """Stripe made another total than POM ordered, with taxes or discounts of its own."""


class PayoutNotItemized(StripeRefused):
    """Stripe cannot list what is in a payout, because somebody asked for the payout by hand."""


class Gone(StripeRefused):
    """What the request is about was deleted in Stripe."""


class AccountUnreachable(IntegrationError):
    """Stripe no longer lets us act for this account: it was disconnected there.

    It says nothing of the object that the request was about, so it is no kind of `StripeRefused`.
    """


class Retryable(IntegrationError):
    """The same request may pass later. `retry_after` is in seconds."""

    retry_after = 5


class StripeUnavailable(Retryable):
    """Stripe did not answer, throttled us, or failed.

    `answered` says that Stripe did answer with a failure of its own: Stripe stores that answer with the
    idempotency key for 24 hours, so the same key would only repeat it
    (https://docs.stripe.com/api/idempotent_requests).
    """

    def __init__(self, code: str, message: str, *, answered: bool) -> None:
        super().__init__(code, message, next_step="Nothing is lost. Wait a moment; repeating the request is safe.")
        self.answered = answered


class StripeBusy(StripeUnavailable):
    """Stripe refused to begin, so nothing was done: the same request, with the same key, can be made again."""


class StaleWrite(Retryable):
    """An item changed between our read and our write."""

    def __init__(self, what: str) -> None:
        super().__init__(
            "concurrent_change",
            f"{what} was changed by someone else at the same moment.",
            next_step="Load it again and repeat the request.",
        )


class DeploymentFault(Exception):
    """AWS refuses requests of this kind, whatever is in them: a right, a resource or valid credentials are missing.

    It is no `Retryable`, because whoever waits for an answer must hear of a fault of ours. `code` is AWS's. AWS's
    message goes into no log and no queue: that of a wrong signature repeats the request's headers.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class InvalidSignature(Exception):
    """A webhook body that was not signed by Stripe for this endpoint, or too long ago."""


class DuplicateEvent(Exception):
    """The Stripe event has been applied before."""
