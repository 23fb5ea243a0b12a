"""Starts the stack on the session's target, runs the steps, and compares the records of both sides."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from chalicelib.functions import BY_NAME
from chalicelib.functions import Schedule as Rate
from infra.demo.people import Office
from infra.demo.stack import ENFORCED_APP
from infra.local.settings import StripeElsewhere
from infra.local.stack import LocalStack
from infra.local.wsgi import serve
from infra.sandbox.findings import Finding, Verdict
from infra.sandbox.product import books, comparing, connecting, steps
from infra.sandbox.product.listening import Listener
from infra.sandbox.product.proxy import Proxy
from infra.sandbox.product.scene import NotAsAssumed, Scene, Time, organization_of
from infra.sandbox.session import Session
from infra.sandbox.targets import DoubleTarget
from infra.stripe_double.server import Server

CHANGE_SECONDS = 60.0
"""The most seconds to wait for a change in POM."""
POLL_SECONDS = {"stripe": 2.0, "double": 0.2}
"""Seconds between two lists of events while events arrive, by target."""
NEVER = 1e9
"""Seconds. No schedule fires automatically, so that only the steps write."""
NO_CLIENT_ID = "ca_not_given"
"""POM's client id if the run has none. Then Connect cannot be pressed."""
DASHBOARD = "https://dashboard.stripe.com"


def check(
    session: Session,
    progress: Callable[[str], None] = lambda line: None,
    *,
    patience: float = CHANGE_SECONDS,
    directory: Path | None = None,
) -> list[Finding]:
    """Returns the findings. Everything that was started is stopped at the end, also after an error.

    `progress` shows lines of progress. The stack's state is in `directory`, or in a temporary one. A double's clock
    must run on its own. Raises DidNotStart if the stack did not start.
    """
    with started_scene(session, progress, patience, directory) as scene:
        connecting.connect(scene)
        if scene.findings[-1].verdict is not Verdict.AS_ASSUMED:
            return scene.findings
        steps.run_all(scene)
        scene.run_step("webhooks", "The door takes every event, as the account's version has it.", _webhooks_accepted)
        comparing.compare(scene)
        scene.run_step("books", "Stripe's books and POM's come to the same, day by day.", books.tie_out)
        scene.run_step("reconciliation", "One reconciliation finds nothing and writes nothing.", books.reconcile_once)
        return scene.findings


def _webhooks_accepted(scene: Scene) -> str:
    scene.wait_until_quiet()
    if refusals := scene.listener.refused:
        raise NotAsAssumed(f"The door answered {[(each.type, each.status) for each in refusals]}.")
    accepted_types = [each.type for each in scene.listener.deliveries if each.status is not None]
    if not accepted_types:
        raise NotAsAssumed("Stripe listed no event.")
    return f"{len(accepted_types)} events of {len(set(accepted_types))} types were taken."


@contextmanager
def started_scene(
    session: Session, progress: Callable[[str], None], patience: float, directory: Path | None
) -> Iterator[Scene]:
    """Runs the stack, its proxy and its listener for the block. See `check`."""
    with ExitStack() as running:
        state = directory or Path(running.enter_context(tempfile.TemporaryDirectory(prefix="pom-sandbox-")))
        if isinstance(session.target, DoubleTarget):
            running.enter_context(Server(session.target.double, deliver=False))  # serves the double's hosted pages
        placeholder = f"sk_test_placeholder_{secrets.token_hex(8)}"
        proxy = running.enter_context(serve(Proxy(session, placeholder)))
        time = Time(session, state)
        elsewhere = StripeElsewhere(
            proxy.url,
            placeholder,
            session.client_id or NO_CLIENT_ID,
            DASHBOARD,
            time.file,
            tuple(filter(None, (session.key, session.restricted_key))),
        )
        progress("starting the local stack")
        intervals = {name: NEVER for name, each in BY_NAME.items() if isinstance(each.trigger, Rate)}
        stack = LocalStack(app=ENFORCED_APP, state_dir=state, intervals=intervals, elsewhere=elsewhere)
        running.enter_context(stack)
        listener = Listener(
            session, stack.urls.webhooks, stack.secret.webhook_secrets[0], POLL_SECONDS[session.target.name]
        )
        admin, office = (
            Office(stack.urls.api, stack.mint_token(organization_of(session), f"user_{role}", [role]))
            for role in ("admin", "billing")
        )
        yield Scene(session, stack, time, listener, admin, office, patience, progress)
