"""Who did what: every act of a person on settings, connection and customers is kept, once, and names nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.acts import Act, By, ConnectionAct, CustomerAct, Subject
from chalicelib.domain.connection import ABANDONED_AFTER, STATE_VALID_FOR
from chalicelib.domain.customer_fields import Address, Profile
from chalicelib.domain.customer_save import Save
from chalicelib.domain.erasure import InStripe
from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.identifiers import CustomerId, StripeAccountId, UserId
from chalicelib.domain.settings import InvoicingSettings, Reminders
from chalicelib.usecases.bulk.import_customers import ImportCustomers, Row, import_customers
from chalicelib.usecases.connecting import connect
from chalicelib.usecases.connecting.freeze import freeze, freeze_new_connections, freeze_unless_frozen, unfreeze
from chalicelib.usecases.connecting.give_up_abandoned import give_up_abandoned
from chalicelib.usecases.connecting.revocation import mark_revoked
from chalicelib.usecases.connecting.sweep_sooner import refresh_all
from chalicelib.usecases.connecting.try_connection import try_connection
from chalicelib.usecases.customers.customers import put_customer, sync_again
from chalicelib.usecases.erasing.erase_customer import BEGINS_AFTER, erase_customer
from chalicelib.usecases.erasing.request_erasure import request_erasure
from chalicelib.usecases.invoicing import invoicing_settings
from tests.world import ADMIN, OFFICE, ORGANIZATION, World

ANN = CustomerId("cust_1")
SAM = UserId("user_sam")
OF_ANN = Subject.customer_of(ORGANIZATION, ANN)
CONNECTION = Subject.connection_of(ORGANIZATION)
SETTINGS = Subject.settings_of(ORGANIZATION)
THANKS = InvoicingSettings(ORGANIZATION, payment_terms="net_15", memo="Thank you.", footer="Ask for Rosa Diaz.")


def acts(world: World, subject: Subject) -> list[Act]:
    """The history of a subject, oldest first."""
    return list(reversed(world.ports.acts.page(subject, 100, None).items))


def told(world: World, subject: Subject = CONNECTION) -> list[tuple[str, By, str | None]]:
    return [(act.kind, act.by, act.actor or act.operator) for act in acts(world, subject)]


def change(world: World, settings: InvoicingSettings, by: UserId = ADMIN) -> InvoicingSettings:
    return invoicing_settings.change(ORGANIZATION, settings, world.ports, by=by)


def save(world: World, save: Save, by: UserId = OFFICE) -> None:
    put_customer(ORGANIZATION, ANN, save, world.ports, by=by)


# The settings


def test_a_change_of_the_settings_says_who_changed_what_from_what_to_what(world: World) -> None:
    change(world, THANKS)
    world.ports.clock.advance(60)
    change(world, replace(THANKS, payment_terms="days_45", payment_window=10), SAM)
    first, second = acts(world, SETTINGS)
    assert (first.actor, second.actor, second.at - first.at) == (ADMIN, SAM, 60)
    assert first.settings is not None
    assert second.settings is not None
    assert first.settings.fields == ("paymentTerms", "memo", "footer")
    assert second.settings.fields == ("paymentTerms", "paymentWindow")
    assert (second.settings.before.payment_terms, second.settings.after.payment_terms) == ("net_15", "days_45")
    assert (second.settings.before.payment_window, second.settings.after.payment_window) == (None, 10)


def test_of_a_text_in_the_settings_only_that_it_changed_is_kept(world: World) -> None:
    change(world, THANKS)
    change(world, replace(THANKS, memo="Until soon.", footer=None))
    assert [act.settings.fields for act in acts(world, SETTINGS) if act.settings][1] == ("memo", "footer")
    for text in ("Thank you.", "Until soon.", "Rosa Diaz"):
        assert text not in repr(world.ports.database.acts)


def test_a_save_of_the_settings_that_changes_nothing_is_no_act(world: World) -> None:
    stored = change(world, THANKS)
    assert change(world, THANKS, SAM) == stored
    enabled = replace(THANKS, reminders=Reminders(enabled=True))
    change(world, enabled)
    change(world, replace(enabled, reminders=enabled.reminders.effective), SAM)
    assert [act.actor for act in acts(world, SETTINGS)] == [ADMIN, ADMIN]


def test_a_save_whose_answer_was_lost_is_one_act(world: World) -> None:
    plain: Any = world.ports.settings

    class Lost:
        def __getattr__(self, name: str) -> Any:
            return getattr(plain, name)

        def save(self, settings: InvoicingSettings, *kept: Act) -> InvoicingSettings:
            plain.save(settings, *kept)
            raise StaleWrite("The settings")

    world.ports.settings = Lost()  # type: ignore[assignment]
    change(world, THANKS)
    world.ports.settings = plain
    change(world, THANKS)
    assert len(acts(world, SETTINGS)) == 1


# The connection


def test_installing_names_the_admin_but_not_who_was_at_the_browser_in_stripe(world: World) -> None:
    account = world.connect()
    assert told(world) == [
        (ConnectionAct.CONNECT_BEGUN, By.USER, ADMIN),
        (ConnectionAct.ACCESS_GRANTED, By.STRIPE, None),
        (ConnectionAct.CONNECTED, By.USER, ADMIN),
    ]
    assert [act.stripe_id for act in acts(world, CONNECTION)] == [None, account, account]


@pytest.mark.parametrize(
    ("error", "code"),
    [("access_denied", "oauth_denied"), ("server_error", "oauth_failed"), (None, "oauth_code_invalid")],
)
def test_a_connection_that_came_to_nothing_says_why(error: str | None, code: str, world: World) -> None:
    state = world.begin()
    connect.receive_callback(state, "ac_nonsense", error, world.ports)
    assert told(world)[1:] == [(ConnectionAct.CONNECT_FAILED, By.STRIPE, None)]
    assert acts(world, CONNECTION)[1].reason == code


def test_completing_twice_and_disconnecting_twice_are_one_act_each(world: World) -> None:
    account = world.account()
    back = connect.receive_callback(world.begin(), world.double.authorization_code(account), None, world.ports)
    for _ in range(2):
        connect.complete(ORGANIZATION, ADMIN, back.state, world.ports)
    for _ in range(2):
        connect.disconnect(ORGANIZATION, SAM, world.ports)
    assert told(world)[2:] == [
        (ConnectionAct.CONNECTED, By.USER, ADMIN),
        (ConnectionAct.DISCONNECTED, By.USER, SAM),
    ]


def test_whoever_disconnects_is_named_also_if_stripes_event_about_it_arrives_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.connect()
    world.deliver()
    give_up = world.ports.stripe.deauthorize

    def given_up_and_told(account_id: StripeAccountId) -> None:
        give_up(account_id)
        world.deliver()

    monkeypatch.setattr(world.ports.stripe, "deauthorize", given_up_and_told)
    connect.disconnect(ORGANIZATION, SAM, world.ports)
    connect.disconnect(ORGANIZATION, SAM, world.ports)
    assert told(world)[3:] == [
        (ConnectionAct.REVOKED, By.STRIPE, None),
        (ConnectionAct.DISCONNECTED, By.USER, SAM),
    ]
    assert world.ports.connections.get(ORGANIZATION).disconnect_reason == f"disconnected by {SAM}"


def test_an_access_that_was_taken_back_in_stripe_is_told_as_stripes_once(world: World) -> None:
    account = StripeAccountId(world.connect())
    world.deliver()
    world.double.revoke(account)
    mark_revoked(ORGANIZATION, account, world.ports)
    mark_revoked(ORGANIZATION, account, world.ports)
    world.deliver()
    assert told(world)[3:] == [(ConnectionAct.REVOKED, By.STRIPE, None)]


def test_an_event_that_the_access_was_taken_back_is_told_as_stripes(world: World) -> None:
    account = world.connect()
    world.deliver()
    world.advance(60)
    world.double.revoke(account)
    world.deliver()
    assert told(world)[3:] == [(ConnectionAct.REVOKED, By.STRIPE, None)]


def test_an_access_that_nobody_completed_is_given_up_by_pom(world: World) -> None:
    connect.receive_callback(world.begin(), world.double.authorization_code(world.account()), None, world.ports)
    world.advance(STATE_VALID_FOR + ABANDONED_AFTER)
    assert give_up_abandoned(world.ports) == 1
    assert told(world)[2:] == [(ConnectionAct.ACCESS_GIVEN_UP, By.POM, None)]


def test_a_pause_names_the_operator_for_operators_and_only_if_it_changes_something(world: World) -> None:
    world.connect()
    freeze(ORGANIZATION, "kim", "drill", world.ports)
    freeze(ORGANIZATION, "kim", "drill", world.ports)
    freeze_unless_frozen(ORGANIZATION, "tie-out", "billed twice", world.ports)
    unfreeze(ORGANIZATION, "lee", world.ports)
    unfreeze(ORGANIZATION, "lee", world.ports)
    assert told(world)[3:] == [
        (ConnectionAct.INVOICING_PAUSED, By.OPERATIONS, "kim"),
        (ConnectionAct.INVOICING_RESUMED, By.OPERATIONS, "lee"),
    ]


def test_whoever_connects_while_everybody_is_paused_has_the_pause_in_its_history(world: World) -> None:
    freeze_new_connections("kim", "drill", world.ports)
    world.connect()
    assert told(world)[2:] == [
        (ConnectionAct.CONNECTED, By.USER, ADMIN),
        (ConnectionAct.INVOICING_PAUSED, By.OPERATIONS, "kim"),
    ]


def test_a_refresh_and_a_test_name_who_asked_for_them(world: World) -> None:
    world.connect()
    refresh_all(ORGANIZATION, world.ports, by=OFFICE)
    refresh_all(ORGANIZATION, world.ports, by=SAM)  # within a minute: nothing is done twice
    assert try_connection(ORGANIZATION, world.ports, by=ADMIN).ok
    assert told(world)[3:] == [
        (ConnectionAct.REFRESH_REQUESTED, By.USER, OFFICE),
        (ConnectionAct.TEST_REQUESTED, By.USER, ADMIN),
    ]


def test_what_runs_by_itself_is_no_act(world: World) -> None:
    world.connect()
    known = told(world)
    world.deliver()
    world.sweep()
    world.look()
    world.resume()
    world.plan_day()
    assert told(world) == known
    assert set(world.ports.database.acts) == {CONNECTION}


# Customers


def test_a_save_names_who_saved_and_the_fields_but_never_their_values(world: World) -> None:
    profile = Profile("Ann", "Lee", None, "ann@example.test", address=Address("7 Elm St"))
    save(world, Save(profile))
    save(world, Save(replace(profile, phone="555-0100", address=Address("9 Oak Ave"))), SAM)
    save(world, Save(replace(profile, phone="555-0100", address=Address("9 Oak Ave"))), SAM)  # changes nothing
    made, changed = acts(world, OF_ANN)
    assert (made.kind, made.actor, made.fields) == (CustomerAct.SAVED, OFFICE, ("email", "name", "street"))
    assert (changed.kind, changed.actor, changed.fields) == (CustomerAct.SAVED, SAM, ("phone", "street"))
    for value in ("Ann", "Lee", "ann@example.test", "7 Elm St", "9 Oak Ave", "555-0100"):
        assert value not in repr(world.ports.database.acts)


def test_syncing_again_and_choosing_the_stripe_customer_are_acts(world: World, account: StripeAccountId) -> None:
    sync_again(ORGANIZATION, ANN, world.ports, by=SAM)
    stored = world.ports.customers.get(ORGANIZATION, ANN)
    assert stored is not None
    [other] = [each["id"] for each in [world.client.v1.customers.create({}, {"stripe_account": account})]]
    save(world, Save(stored.profile, other))
    assert [(act.kind, act.actor, act.stripe_id) for act in acts(world, OF_ANN)[1:]] == [
        (CustomerAct.SYNC_REQUESTED, SAM, None),
        (CustomerAct.CHOICE_MADE, OFFICE, other),
    ]


def test_an_import_names_who_began_it_and_the_import(world: World, account: StripeAccountId) -> None:
    rows = (
        Row(ANN, Save(Profile("Ann", "Lee", email="ann@example.test"))),  # as it is stored: no act
        Row(CustomerId("cust_2"), Save(Profile("Bo", email="bo@example.test"))),
    )
    batch = import_customers(ImportCustomers(ORGANIZATION, SAM, "key", "body", rows), world.ports)
    world.work()
    assert [act.kind for act in acts(world, OF_ANN)] == [CustomerAct.SAVED]
    [imported] = acts(world, Subject.customer_of(ORGANIZATION, CustomerId("cust_2")))
    assert (imported.kind, imported.actor, imported.batch_id) == (CustomerAct.IMPORTED, SAM, batch.id)
    assert imported.fields == ("email", "name")


def test_the_history_of_an_erased_customer_stays_and_says_who_asked_for_it(
    world: World, account: StripeAccountId
) -> None:
    request_erasure(ORGANIZATION, ANN, InStripe.KEEP, ADMIN, world.ports)
    request_erasure(ORGANIZATION, ANN, InStripe.KEEP, SAM, world.ports)  # there is one already
    world.advance(BEGINS_AFTER)
    erase_customer(ORGANIZATION, ANN, world.ports)
    assert told(world, OF_ANN)[1:] == [
        (CustomerAct.ERASURE_REQUESTED, By.USER, ADMIN),
        (CustomerAct.ERASED, By.POM, None),
    ]


def test_what_comes_from_stripe_is_no_act_of_anybody(world: World, account: StripeAccountId) -> None:
    known = acts(world, OF_ANN)
    stored = world.ports.customers.get(ORGANIZATION, ANN)
    assert stored is not None
    world.client.v1.customers.update(str(stored.linked_id), {"phone": "555-0199"}, {"stripe_account": account})
    world.deliver()
    changed = world.ports.customers.get(ORGANIZATION, ANN)
    assert changed is not None
    assert changed.profile.phone == "555-0199"
    assert acts(world, OF_ANN) == known
