"""Contract of every store of connections, authorizations and settings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.attention import UnknownInvoice, UnknownInvoices
from chalicelib.domain.canary import Attempt, CanaryRun, Verdict
from chalicelib.domain.connection import Authorization, Connection, Freeze
from chalicelib.domain.errors import Conflict, DuplicateEvent, StaleWrite
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, UserId
from chalicelib.domain.settings import InvoicingSettings, Reminders
from chalicelib.domain.sweep import Sweep
from chalicelib.domain.trial import Trial, TrialReport, TrialStep
from chalicelib.domain.webhook import WebhookCheck
from tests.backends import Backend
from tests.contracts.examples import ACCOUNT, NOW, ORG, OTHER_ACCOUNT, OTHER_ORG, marker


def attempt(**changes: object) -> Authorization:
    example = Authorization("hash", ORG, UserId("user_1"), NOW, NOW + 600)
    return replace(example, **changes)  # type: ignore[arg-type]


def test_an_organization_that_was_never_connected_has_a_fresh_connection(backend: Backend) -> None:
    assert backend.connections.get(ORG) == Connection(ORG)


def test_a_saved_connection_is_read_back_in_its_next_version(backend: Backend) -> None:
    stored = backend.connections.save(Connection(ORG).authorizing(NOW))
    assert stored == replace(Connection(ORG), authorizing_until=NOW, version=1)
    assert backend.connections.get(ORG) == stored
    assert backend.connections.get(OTHER_ORG) == Connection(OTHER_ORG)


def test_a_save_of_a_stale_connection_is_refused(backend: Backend) -> None:
    first = backend.connections.save(Connection(ORG))
    second = backend.connections.save(first.authorizing(NOW))
    for stale in (Connection(ORG), first):
        with pytest.raises(StaleWrite):
            backend.connections.save(stale)
        with pytest.raises(StaleWrite):
            backend.connections.bind(replace(stale, account_id=ACCOUNT))
    assert backend.connections.get(ORG) == second
    assert backend.connections.organization_of(ACCOUNT) is None


def test_a_bound_account_leads_to_its_organization(backend: Backend) -> None:
    assert backend.connections.organization_of(ACCOUNT) is None
    stored = backend.connections.bind(replace(Connection(ORG), account_id=ACCOUNT))
    assert stored.version == 1
    assert backend.connections.get(ORG) == stored
    assert backend.connections.organization_of(ACCOUNT) == ORG


def test_an_account_bound_to_one_organization_cannot_be_bound_to_another(backend: Backend) -> None:
    mine = backend.connections.bind(replace(Connection(ORG), account_id=ACCOUNT))
    with pytest.raises(Conflict) as conflict:
        backend.connections.bind(replace(Connection(OTHER_ORG), account_id=ACCOUNT))
    assert conflict.value.code == "account_bound_elsewhere"
    assert ORG not in conflict.value.message
    assert backend.connections.get(OTHER_ORG) == Connection(OTHER_ORG)
    assert backend.connections.organization_of(ACCOUNT) == ORG
    backend.connections.save(mine.disconnected("asked", NOW))
    with pytest.raises(Conflict):
        backend.connections.bind(replace(Connection(OTHER_ORG), account_id=ACCOUNT))


def test_an_organization_can_bind_the_same_account_again_or_another_account(backend: Backend) -> None:
    first = backend.connections.bind(replace(Connection(ORG), account_id=ACCOUNT))
    second = backend.connections.bind(first)
    third = backend.connections.bind(replace(second, account_id=OTHER_ACCOUNT))
    assert third.version == 3
    assert backend.connections.organization_of(ACCOUNT) == ORG
    assert backend.connections.organization_of(OTHER_ACCOUNT) == ORG


def test_a_connection_without_an_account_cannot_be_bound(backend: Backend) -> None:
    with pytest.raises(ValueError, match="without an account"):
        backend.connections.bind(Connection(ORG))


def test_an_event_is_applied_to_a_connection_once(backend: Backend) -> None:
    first = backend.connections.bind(replace(Connection(ORG), account_id=ACCOUNT))
    second = backend.connections.apply(first.disconnected("deauthorized", NOW), marker())
    assert backend.connections.get(ORG) == second
    with pytest.raises(DuplicateEvent):
        backend.connections.apply(second, marker())
    with pytest.raises(StaleWrite):
        backend.connections.apply(first, marker("evt_2"))
    assert backend.events.known(ACCOUNT, ["evt_1", "evt_2"]) == {"evt_1"}


def test_only_usable_connections_are_listed(backend: Backend) -> None:
    organizations = [OrganizationId(f"org_{n:03d}") for n in range(30)]
    for organization_id in organizations:
        backend.connections.save(replace(Connection(organization_id), account_id=ACCOUNT))
    backend.connections.save(Connection(OrganizationId("org_new")))
    backend.settings.save(InvoicingSettings(OrganizationId("org_settings_only")))
    disconnected = backend.connections.get(organizations[3])
    backend.connections.save(disconnected.disconnected("asked", NOW))
    assert set(backend.connections.all_active()) == set(organizations) - {organizations[3]}


def test_due_accounts_are_listed_longest_due_first(backend: Backend) -> None:
    store = backend.connections
    for name, due_at in {"never": 0, "later": NOW + 1, "now": NOW, "before": NOW - 1000, "gone": NOW}.items():
        sweep = Sweep(swept_until=NOW - 2000, due_at=due_at)
        store.save(replace(Connection(OrganizationId(name)), account_id=ACCOUNT, sweep=sweep))
    store.save(store.get(OrganizationId("gone")).disconnected("asked", NOW))
    backend.settings.save(InvoicingSettings(OrganizationId("org_settings_only")))
    assert list(store.due_for_sweep(NOW)) == ["never", "before", "now"]
    assert list(store.due_for_sweep(NOW + 1)) == ["never", "before", "now", "later"]


def test_an_authorization_is_stored_once(backend: Backend) -> None:
    assert backend.connections.authorization("hash") is None
    backend.connections.put_authorization(attempt())
    assert backend.connections.authorization("hash") == attempt(version=1)
    with pytest.raises(StaleWrite):
        backend.connections.put_authorization(attempt(organization_id=OTHER_ORG))
    assert backend.connections.authorization("hash") == attempt(version=1)


def test_an_authorization_is_completed_once(backend: Backend) -> None:
    backend.connections.put_authorization(attempt())
    authorization = backend.connections.authorization("hash")
    assert authorization is not None
    completed = backend.connections.save_authorization(replace(authorization, completed_at=NOW))
    assert backend.connections.authorization("hash") == completed
    with pytest.raises(StaleWrite):
        backend.connections.save_authorization(replace(authorization, completed_at=NOW + 1))


def test_unused_grants_are_listed_until_they_are_completed_or_settled(backend: Backend) -> None:
    store = backend.connections
    for name, changes in {
        "later": {"expires_at": NOW + 900, "account_id": ACCOUNT},
        "sooner": {"expires_at": NOW + 700, "account_id": OTHER_ACCOUNT},
        "begun": {},
        "denied": {"returned_at": NOW, "error": "oauth_denied"},
        "completed": {"account_id": ACCOUNT, "completed_at": NOW},
        "settled": {"account_id": ACCOUNT, "settled_at": NOW},
    }.items():
        store.put_authorization(attempt(state_hash=name, **changes))
    assert store.unused_grants(10) == ["sooner", "later"]
    assert store.unused_grants(1) == ["sooner"]
    for name, changes in (("sooner", {"completed_at": NOW}), ("later", {"settled_at": NOW})):
        authorization = store.authorization(name)
        assert authorization is not None
        store.save_authorization(replace(authorization, **changes))
    assert store.unused_grants(10) == []


def test_the_latest_check_of_the_webhook_endpoints_is_stored_separately(backend: Backend) -> None:
    store = backend.connections
    assert store.webhook_check() is None
    for check in (WebhookCheck(NOW, True, "Disabled."), WebhookCheck(NOW + 1, False), WebhookCheck(NOW + 2, True)):
        store.save_webhook_check(check)
        assert store.webhook_check() == check
    assert list(store.all_active()) == []
    assert store.get(OrganizationId("platform")) == Connection(OrganizationId("platform"))


def test_the_latest_run_of_the_canaries_is_stored_separately(backend: Backend) -> None:
    store = backend.connections
    assert store.canary_run() is None
    attempts = (Attempt("new", Verdict.REFUSED, NOW - 60), Attempt("old", Verdict.PASSED))
    for flight in (
        CanaryRun(Verdict.PASSED_BY_OLDER_SECRET, 90, NOW, attempts),
        CanaryRun(Verdict.NO_ANSWER, 9, NOW + 1),
    ):
        store.save_canary_run(flight)
        assert store.canary_run() == flight
    assert store.webhook_check() is None
    assert list(store.all_active()) == []


def test_an_older_check_does_not_replace_a_newer_one(backend: Backend) -> None:
    store = backend.connections
    newer, flown = WebhookCheck(NOW + 1, True), CanaryRun(Verdict.PASSED, 90, NOW + 1)
    store.save_webhook_check(newer)
    store.save_canary_run(flown)
    store.save_webhook_check(WebhookCheck(NOW, True, "Disabled."))
    store.save_canary_run(CanaryRun(Verdict.REFUSED, 90, NOW))
    assert (store.webhook_check(), store.canary_run()) == (newer, flown)
    of_the_same_second = WebhookCheck(NOW + 1, True, "Disabled.")
    store.save_webhook_check(of_the_same_second)
    assert store.webhook_check() == of_the_same_second


def unknown(at: int, count: int = 1) -> UnknownInvoices:
    unknown_invoice = UnknownInvoice("in_1", InvoiceId("inv_a"), "No invoice of POM has this id.", NOW - 5)
    return UnknownInvoices(at, count, (unknown_invoice, replace(unknown_invoice, stripe_id="in_2", invoice_id=None)))


def test_the_latest_unknown_invoices_of_an_account_are_stored(backend: Backend) -> None:
    store = backend.connections
    assert store.unknown_invoices(ORG) is None
    for unknown_invoices in (unknown(NOW), unknown(NOW + 1, count=700), UnknownInvoices(NOW + 2, 0, ())):
        store.save_unknown_invoices(ORG, unknown_invoices)
        assert store.unknown_invoices(ORG) == unknown_invoices
    store.save_unknown_invoices(ORG, unknown(NOW + 1))
    assert store.unknown_invoices(ORG) == UnknownInvoices(NOW + 2, 0, ())
    assert store.unknown_invoices(OTHER_ORG) is None
    assert store.get(ORG) == Connection(ORG)
    assert list(store.all_active()) == []


def test_the_steps_of_the_latest_test_are_stored_separately_from_the_connection(backend: Backend) -> None:
    store = backend.connections
    assert store.trial(ORG) is None
    trial = Trial(ACCOUNT, "run-1", NOW)
    store.begin_trial(ORG, trial)
    assert store.trial(ORG) == trial
    steps = [TrialReport(TrialStep.ACCOUNT, True, "Well."), TrialReport(TrialStep.CLEAN_UP, False, "No.", "Again.")]
    for report in steps:
        trial = trial.reported(report, NOW + 3)
        store.save_trial(ORG, trial)
        assert store.trial(ORG) == trial
    assert store.trial(OTHER_ORG) is None
    assert store.get(ORG) == Connection(ORG)
    assert list(store.all_active()) == []


def test_a_test_does_not_overwrite_a_test_that_began_later(backend: Backend) -> None:
    store = backend.connections
    earlier, later = Trial(ACCOUNT, "run-1", NOW), Trial(ACCOUNT, "run-2", NOW)
    report = TrialReport(TrialStep.ACCOUNT, True, "Well.")
    store.begin_trial(ORG, earlier)
    store.begin_trial(ORG, later)
    store.save_trial(ORG, earlier.reported(report, NOW))
    assert store.trial(ORG) == later
    store.save_trial(ORG, later.reported(report, NOW + 1))
    assert store.trial(ORG) == later.reported(report, NOW + 1)


def test_settings_start_from_the_defaults_and_are_saved_by_version(backend: Backend) -> None:
    assert backend.settings.get(ORG) == InvoicingSettings(ORG)
    requested = replace(backend.settings.get(ORG), memo="Thanks", reminders=Reminders(True, (7, 1), True, (3,)))
    stored = backend.settings.save(requested)
    assert stored == replace(requested, version=1)
    assert backend.settings.get(ORG) == stored
    assert backend.settings.get(OTHER_ORG) == InvoicingSettings(OTHER_ORG)
    with pytest.raises(StaleWrite):
        backend.settings.save(requested)
    assert backend.connections.get(ORG) == Connection(ORG)


def test_the_platforms_freeze_stays_until_it_is_removed(backend: Backend) -> None:
    store = backend.connections
    assert store.platform_freeze() is None
    for freeze in (Freeze(NOW, "kim", "incident"), Freeze(NOW + 60, "lee", "another")):
        store.save_platform_freeze(freeze)
        assert store.platform_freeze() == freeze
    for _ in range(2):
        store.save_platform_freeze(None)
        assert store.platform_freeze() is None


def test_an_account_is_bound_only_under_the_platforms_freeze_that_was_read(backend: Backend) -> None:
    store, connection, freeze = (
        backend.connections,
        replace(Connection(ORG), account_id=ACCOUNT),
        Freeze(NOW, "kim", "x"),
    )
    with pytest.raises(StaleWrite):
        store.bind(connection, freeze)
    store.save_platform_freeze(freeze)
    for other_freeze in (None, Freeze(NOW - 60, "lee", "y")):
        with pytest.raises(StaleWrite):
            store.bind(connection, other_freeze)
    assert store.organization_of(ACCOUNT) is None
    assert store.bind(connection, freeze).version == 1
