"""Tests the history of acts: each act of a person on settings, connection and customers is recorded once,
and the history holds no values of a customer.
"""

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
    """Returns the acts on a subject, oldest first."""
    return list(reversed(world.ports.acts.page(subject, 100, None).items))


def actors_of(world: World, subject: Subject = CONNECTION) -> list[tuple[str, By, str | None]]:
    return [(act.kind, act.by, act.actor or act.operator) for act in acts(world, subject)]


def change_settings(world: World, settings: InvoicingSettings, by: UserId = ADMIN) -> InvoicingSettings:
    return invoicing_settings.change(ORGANIZATION, settings, world.ports, by=by)


def save_customer(world: World, command: Save, by: UserId = OFFICE) -> None:
    put_customer(ORGANIZATION, ANN, command, world.ports, by=by)


# The settings


def test_a_change_of_the_settings_records_the_person_the_fields_and_both_values(world: World) -> None:
    change_settings(world, THANKS)
    world.ports.clock.advance(60)
    change_settings(world, replace(THANKS, payment_terms="days_45", payment_window=10), SAM)
    first, second = acts(world, SETTINGS)
    assert (first.actor, second.actor, second.at - first.at) == (ADMIN, SAM, 60)
    assert first.settings is not None
    assert second.settings is not None
    assert first.settings.fields == ("paymentTerms", "memo", "footer")
    assert second.settings.fields == ("paymentTerms", "paymentWindow")
    assert (second.settings.before.payment_terms, second.settings.after.payment_terms) == ("net_15", "days_45")
    assert (second.settings.before.payment_window, second.settings.after.payment_window) == (None, 10)


def test_the_history_never_holds_the_texts_of_memo_and_footer(world: World) -> None:
    change_settings(world, THANKS)
    change_settings(world, replace(THANKS, memo="Until soon.", footer=None))
    assert [act.settings.fields for act in acts(world, SETTINGS) if act.settings][1] == ("memo", "footer")
    for text in ("Thank you.", "Until soon.", "Rosa Diaz"):
        assert text not in repr(world.ports.database.acts)


def test_saving_unchanged_settings_records_no_act(world: World) -> None:
    stored = change_settings(world, THANKS)
    assert change_settings(world, THANKS, SAM) == stored
    enabled = replace(THANKS, reminders=Reminders(enabled=True))
    change_settings(world, enabled)
    change_settings(world, replace(enabled, reminders=enabled.reminders.effective), SAM)
    assert [act.actor for act in acts(world, SETTINGS)] == [ADMIN, ADMIN]


def test_a_save_whose_response_was_lost_is_recorded_once(world: World) -> None:
    real: Any = world.ports.settings

    class StoreWithLostResponse:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def save_customer(self, settings: InvoicingSettings, *acts_of_save: Act) -> InvoicingSettings:
            real.save(settings, *acts_of_save)
            raise StaleWrite("The settings")

    world.ports.settings = StoreWithLostResponse()  # type: ignore[assignment]
    change_settings(world, THANKS)
    world.ports.settings = real
    change_settings(world, THANKS)
    assert len(acts(world, SETTINGS)) == 1


# The connection


def test_the_access_granted_in_stripe_names_stripe_and_every_other_step_names_the_admin(world: World) -> None:
    account = world.connect()
    assert actors_of(world) == [
        (ConnectionAct.CONNECT_BEGUN, By.USER, ADMIN),
        (ConnectionAct.ACCESS_GRANTED, By.STRIPE, None),
        (ConnectionAct.CONNECTED, By.USER, ADMIN),
    ]
    assert [act.stripe_id for act in acts(world, CONNECTION)] == [None, account, account]


@pytest.mark.parametrize(
    ("error", "code"),
    [("access_denied", "oauth_denied"), ("server_error", "oauth_failed"), (None, "oauth_code_invalid")],
)
def test_a_failed_attempt_to_connect_records_its_reason(error: str | None, code: str, world: World) -> None:
    state = world.begin()
    connect.receive_callback(state, "ac_nonsense", error, world.ports)
    assert actors_of(world)[1:] == [(ConnectionAct.CONNECT_FAILED, By.STRIPE, None)]
    assert acts(world, CONNECTION)[1].reason == code


def test_completing_twice_and_disconnecting_twice_record_one_act_each(world: World) -> None:
    account = world.account()
    callback = connect.receive_callback(world.begin(), world.double.authorization_code(account), None, world.ports)
    for _ in range(2):
        connect.complete(ORGANIZATION, ADMIN, callback.state, world.ports)
    for _ in range(2):
        connect.disconnect(ORGANIZATION, SAM, world.ports)
    assert actors_of(world)[2:] == [
        (ConnectionAct.CONNECTED, By.USER, ADMIN),
        (ConnectionAct.DISCONNECTED, By.USER, SAM),
    ]


def test_a_disconnection_names_its_user_even_if_stripes_event_arrives_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.connect()
    world.deliver()
    give_up = world.ports.stripe.deauthorize

    def give_up_and_deliver(account_id: StripeAccountId) -> None:
        give_up(account_id)
        world.deliver()

    monkeypatch.setattr(world.ports.stripe, "deauthorize", give_up_and_deliver)
    connect.disconnect(ORGANIZATION, SAM, world.ports)
    connect.disconnect(ORGANIZATION, SAM, world.ports)
    assert actors_of(world)[3:] == [
        (ConnectionAct.REVOKED, By.STRIPE, None),
        (ConnectionAct.DISCONNECTED, By.USER, SAM),
    ]
    assert world.ports.connections.get(ORGANIZATION).disconnect_reason == f"disconnected by {SAM}"


def test_access_revoked_in_stripe_is_recorded_once_as_an_act_of_stripe(world: World) -> None:
    account = StripeAccountId(world.connect())
    world.deliver()
    world.double.revoke(account)
    mark_revoked(ORGANIZATION, account, world.ports)
    mark_revoked(ORGANIZATION, account, world.ports)
    world.deliver()
    assert actors_of(world)[3:] == [(ConnectionAct.REVOKED, By.STRIPE, None)]


def test_an_event_about_revoked_access_is_recorded_as_an_act_of_stripe(world: World) -> None:
    account = world.connect()
    world.deliver()
    world.advance(60)
    world.double.revoke(account)
    world.deliver()
    assert actors_of(world)[3:] == [(ConnectionAct.REVOKED, By.STRIPE, None)]


def test_pom_is_recorded_as_giving_up_access_that_no_admin_completed(world: World) -> None:
    connect.receive_callback(world.begin(), world.double.authorization_code(world.account()), None, world.ports)
    world.advance(STATE_VALID_FOR + ABANDONED_AFTER)
    assert give_up_abandoned(world.ports) == 1
    assert actors_of(world)[2:] == [(ConnectionAct.ACCESS_GIVEN_UP, By.POM, None)]


def test_a_pause_or_resume_that_changes_something_records_the_operator(world: World) -> None:
    world.connect()
    freeze(ORGANIZATION, "kim", "drill", world.ports)
    freeze(ORGANIZATION, "kim", "drill", world.ports)
    freeze_unless_frozen(ORGANIZATION, "tie-out", "billed twice", world.ports)
    unfreeze(ORGANIZATION, "lee", world.ports)
    unfreeze(ORGANIZATION, "lee", world.ports)
    assert actors_of(world)[3:] == [
        (ConnectionAct.INVOICING_PAUSED, By.OPERATIONS, "kim"),
        (ConnectionAct.INVOICING_RESUMED, By.OPERATIONS, "lee"),
    ]


def test_a_company_that_connects_during_a_pause_of_all_companies_has_the_pause_in_its_history(world: World) -> None:
    freeze_new_connections("kim", "drill", world.ports)
    world.connect()
    assert actors_of(world)[2:] == [
        (ConnectionAct.CONNECTED, By.USER, ADMIN),
        (ConnectionAct.INVOICING_PAUSED, By.OPERATIONS, "kim"),
    ]


def test_a_refresh_and_a_connection_test_record_the_person_who_requested_them(world: World) -> None:
    world.connect()
    refresh_all(ORGANIZATION, world.ports, by=OFFICE)
    refresh_all(ORGANIZATION, world.ports, by=SAM)  # within a minute: no second refresh
    assert try_connection(ORGANIZATION, world.ports, by=ADMIN).ok
    assert actors_of(world)[3:] == [
        (ConnectionAct.REFRESH_REQUESTED, By.USER, OFFICE),
        (ConnectionAct.TEST_REQUESTED, By.USER, ADMIN),
    ]


def test_scheduled_work_records_no_act(world: World) -> None:
    world.connect()
    before = actors_of(world)
    world.deliver()
    world.sweep()
    world.look()
    world.resume()
    world.plan_day()
    assert actors_of(world) == before
    assert set(world.ports.database.acts) == {CONNECTION}


# Customers


def test_a_saved_customer_records_the_person_and_the_changed_fields_but_no_values(world: World) -> None:
    profile = Profile("Ann", "Lee", None, "ann@example.test", address=Address("7 Elm St"))
    save_customer(world, Save(profile))
    save_customer(world, Save(replace(profile, phone="555-0100", address=Address("9 Oak Ave"))), SAM)
    save_customer(
        world, Save(replace(profile, phone="555-0100", address=Address("9 Oak Ave"))), SAM
    )  # changes nothing
    first, second = acts(world, OF_ANN)
    assert (first.kind, first.actor, first.fields) == (CustomerAct.SAVED, OFFICE, ("email", "name", "street"))
    assert (second.kind, second.actor, second.fields) == (CustomerAct.SAVED, SAM, ("phone", "street"))
    for value in ("Ann", "Lee", "ann@example.test", "7 Elm St", "9 Oak Ave", "555-0100"):
        assert value not in repr(world.ports.database.acts)


def test_a_requested_sync_and_a_chosen_stripe_customer_are_recorded(world: World, account: StripeAccountId) -> None:
    sync_again(ORGANIZATION, ANN, world.ports, by=SAM)
    stored = world.ports.customers.get(ORGANIZATION, ANN)
    assert stored is not None
    [chosen_id] = [each["id"] for each in [world.client.v1.customers.create({}, {"stripe_account": account})]]
    save_customer(world, Save(stored.profile, chosen_id))
    assert [(act.kind, act.actor, act.stripe_id) for act in acts(world, OF_ANN)[1:]] == [
        (CustomerAct.SYNC_REQUESTED, SAM, None),
        (CustomerAct.CHOICE_MADE, OFFICE, chosen_id),
    ]


def test_an_imported_customer_records_the_person_and_the_batch(world: World, account: StripeAccountId) -> None:
    rows = (
        Row(ANN, Save(Profile("Ann", "Lee", email="ann@example.test"))),  # equal to the stored customer: no act
        Row(CustomerId("cust_2"), Save(Profile("Bo", email="bo@example.test"))),
    )
    batch = import_customers(ImportCustomers(ORGANIZATION, SAM, "key", "body", rows), world.ports)
    world.work()
    assert [act.kind for act in acts(world, OF_ANN)] == [CustomerAct.SAVED]
    [imported] = acts(world, Subject.customer_of(ORGANIZATION, CustomerId("cust_2")))
    assert (imported.kind, imported.actor, imported.batch_id) == (CustomerAct.IMPORTED, SAM, batch.id)
    assert imported.fields == ("email", "name")


def test_the_history_of_an_erased_customer_stays_and_names_who_requested_the_erasure(
    world: World, account: StripeAccountId
) -> None:
    request_erasure(ORGANIZATION, ANN, InStripe.KEEP, ADMIN, world.ports)
    request_erasure(ORGANIZATION, ANN, InStripe.KEEP, SAM, world.ports)  # already requested
    world.advance(BEGINS_AFTER)
    erase_customer(ORGANIZATION, ANN, world.ports)
    assert actors_of(world, OF_ANN)[1:] == [
        (CustomerAct.ERASURE_REQUESTED, By.USER, ADMIN),
        (CustomerAct.ERASED, By.POM, None),
    ]


def test_a_change_made_in_stripe_records_no_act(world: World, account: StripeAccountId) -> None:
    acts_before = acts(world, OF_ANN)
    stored = world.ports.customers.get(ORGANIZATION, ANN)
    assert stored is not None
    world.client.v1.customers.update(str(stored.linked_id), {"phone": "555-0199"}, {"stripe_account": account})
    world.deliver()
    updated = world.ports.customers.get(ORGANIZATION, ANN)
    assert updated is not None
    assert updated.profile.phone == "555-0199"
    assert acts(world, OF_ANN) == acts_before
