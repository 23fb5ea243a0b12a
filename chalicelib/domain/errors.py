"""Every error this system raises on purpose.

    IntegrationError              code, message, field, next_step
    ├── Malformed                 the request cannot be understood
    ├── Unsupported               the body is of a type or size that is not taken
    ├── Forbidden                 understood, but this role may not
    ├── NotFound                  nothing of this organization has that id
    ├── Conflict                  the request contradicts the present state
    │   └── InvoicingPaused       operations look into something first
    ├── Refused                   well-formed, but a rule of ours or of Stripe says no
    │   └── StripeRefused         Stripe answered 4xx: repeating the same request cannot help
    │       └── Gone              what the request is about is no longer in Stripe
    ├── AccountUnreachable        Stripe no longer lets us act for the company's account
    └── Retryable                 no fault of the request: the same request may pass later
        ├── StripeUnavailable     Stripe slow, throttled, or failing; the outcome may be unknown
        └── StaleWrite            somebody else wrote first; read again
    InvalidSignature              a webhook that Stripe did not sign for us
    DuplicateEvent                this Stripe event has been applied before

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
    """The body is of a media type or a size that is not taken."""


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


class FormerAddress(Conflict):
    """Stripe would mail the invoice to an address that is not the customer's any more."""


class Refused(IntegrationError):
    """Well-formed, but a rule says no."""


class StripeRefused(Refused):
    """Stripe answered with a definite no; nothing was changed by the request."""


class AccountUnreachable(IntegrationError):
    """Stripe no longer lets us act for this account: it was disconnected there.

    It says nothing of the object that the request was about, so it is no kind of `StripeRefused`.
    """


class Gone(StripeRefused):
    """What the request is about was deleted in Stripe."""


class InvoicingPaused(Conflict):
    """Operations have paused the organization's invoicing. The same request may pass later."""


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


class StaleWrite(Retryable):
    """An item changed between our read and our write."""

    def __init__(self, what: str) -> None:
        super().__init__(
            "concurrent_change",
            f"{what} was changed by someone else at the same moment.",
            next_step="Load it again and repeat the request.",
        )


class InvalidSignature(Exception):
    """A webhook body that was not signed by Stripe for this endpoint, or too long ago."""


class DuplicateEvent(Exception):
    """The Stripe event has been applied before."""
