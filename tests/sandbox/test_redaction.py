"""What a recording keeps of what an account answered, and what it loses."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from infra.sandbox.redaction import (
    ACCOUNT_LISTS,
    ACCOUNT_WORDS,
    PERSONAL,
    PLACEHOLDER,
    SECRET_NAMES,
    Redaction,
    SecretFound,
    refuse_secrets,
)
from infra.sandbox.stories.billing import BILLING
from infra.stripe_double import StripeDouble
from infra.stripe_double.recordings.recording import Exchange
from tests.sandbox.sessions import new_session

KEY = "sk_" + "test_" + "Distinctive51Aa"
KEYS = [KEY, "rk_" + "live_" + "0123456789", "whsec_" + "0123456789abcdef", "pk_" + "test_" + "0123456789"]


def exchange(body: Any, **given: Any) -> Exchange:
    return replace(Exchange("story: step", 1.0, "GET", "/v1/things", 200, body), **given)


@pytest.fixture(scope="module")
def recorded() -> list[Exchange]:
    """Objects of most kinds, as an account shows them, none of which this run has sent anything of."""
    double = StripeDouble()
    session = new_session(double)
    BILLING.play(session)
    session.v1.events.list({"limit": 100}, session.on_account())
    session.v1.accounts.retrieve(session.account)
    return [replace(each, form=()) for each in session.recorder.exchanges]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for name, held in value.items():
            yield from leaves(held, (*path, name))
    elif isinstance(value, list):
        for number, held in enumerate(value):
            yield from leaves(held, (*path, number))
    else:
        yield path


def plant(body: Any, path: tuple[Any, ...], text: str) -> None:
    for name in path[:-1]:
        body = body[name]
    body[path[-1]] = text


def planted(body: Any, path: tuple[Any, ...], text: str) -> Any:
    changed = copy.deepcopy(body)
    plant(changed, path, text)
    return changed


@pytest.mark.parametrize(
    "text",
    [
        *KEYS,
        "Planted Company Ltd.",
        "planted@company.test",
        "+1 512 555 0199",
        "https://planted.test/a",
        "pi_1_secret_planted",
    ],
)
def test_a_text_planted_in_any_field_is_removed(recorded: list[Exchange], text: str) -> None:
    shown = 0
    for each in recorded:
        everywhere = copy.deepcopy(each.body)
        for path in leaves(each.body):
            if path[-1] != "object":
                plant(everywhere, path, text)
                shown += 1
        kept = json.dumps(Redaction([KEY])(replace(each, body=everywhere)).body)
        assert text not in kept
        assert "planted.test" not in kept
    assert shown > 500


def test_a_name_that_looks_like_a_word_is_removed_from_free_text_and_accounts(
    recorded: list[Exchange],
) -> None:
    shown = 0
    for each in recorded:
        of_account = each.body.get("object") == "account"
        for path in leaves(each.body):
            inside = of_account and not set(path) & ACCOUNT_LISTS and path[-1] not in ACCOUNT_WORDS
            if PERSONAL.fullmatch(str(path[-1])) or inside:
                kept = Redaction()(replace(each, body=planted(each.body, path, "plantedname"))).body
                assert "plantedname" not in json.dumps(kept), path
                shown += 1
    assert shown > 50


@pytest.mark.parametrize("name", sorted(SECRET_NAMES))
def test_the_value_of_a_secret_field_is_always_removed(name: str) -> None:
    redacted = Redaction()(
        exchange({name: "word", "deep": [{name: "acct_1"}]}, form=((f"a[{name}]", "word"), (name, "x")))
    )
    assert redacted.body == {name: PLACEHOLDER, "deep": [{name: PLACEHOLDER}]}
    assert redacted.form == ((f"a[{name}]", PLACEHOLDER), (name, PLACEHOLDER))


def test_values_that_the_double_is_compared_with_stay(recorded: list[Exchange]) -> None:
    redaction = Redaction([KEY])
    invoice = next(each for each in recorded if each.path.endswith("/send"))
    kept, was = redaction(invoice).body, invoice.body
    same = (
        "id", "object", "status", "amount_due", "created", "due_date", "currency", "customer", "livemode",
        "collection_method", "account_country", "latest_revision",
    )  # fmt: skip
    for name in same:
        assert kept[name] == was[name], name
    assert leaves_and_types(kept) == leaves_and_types(was)


def leaves_and_types(body: Any) -> list[tuple[tuple[Any, ...], str]]:
    return [(path, type(value_at(body, path)).__name__) for path in leaves(body) if "metadata" not in path]


def value_at(body: Any, path: tuple[Any, ...]) -> Any:
    for name in path:
        body = body[name]
    return body


def test_ids_of_accounts_and_requests_are_replaced_consistently() -> None:
    redaction = Redaction()
    kept = redaction(
        exchange(
            {"account": "acct_A1", "application": "ca_B2", "request": {"id": "req_C3"}, "other": "acct_D4"},
            path="/v1/accounts/acct_A1",
            account="acct_A1",
        )
    )
    assert kept.body == {
        "account": "acct_sandbox1", "application": "ca_sandbox1", "request": {"id": "req_sandbox1"},
        "other": "acct_sandbox2",
    }  # fmt: skip
    assert (kept.path, kept.account) == ("/v1/accounts/acct_sandbox1", "acct_sandbox1")
    assert redaction.name("acct_D4") == "acct_sandbox2"
    assert redaction(kept) == kept


def test_values_that_the_run_sent_stay_in_responses() -> None:
    redaction = Redaction()
    form = (("name", "Ann Sandbox 1"), ("email", "a@example.com"), ("metadata[mine]", "A value"))
    answer = {"name": "Ann Sandbox 1", "email": "a@example.com", "metadata": {"mine": "A value", "Theirs": "x"}}
    kept = redaction(exchange(answer, form=form))
    assert kept.body == {"name": "Ann Sandbox 1", "email": "a@example.com", "metadata": {"mine": "A value"}}


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://invoice.stripe.com/i/acct_1A/test_YWNjdF8?s=ap", "https://invoice.stripe.com/i/acct_sandbox1/redacted?redacted"),
        ("https://pay.stripe.com/invoice/acct_1A/test_YWNj/pdf?s=ap", "https://pay.stripe.com/invoice/acct_sandbox1/redacted/pdf?redacted"),
        ("https://pay.stripe.com/receipts/payment/CAcaFwoVYWNj", "https://pay.stripe.com/receipts/payment/redacted"),
        ("https://user:word@stripe.com/", "https://redacted.example/"),
        ("https://stripe.com.evil.test/a", "https://redacted.example/a"),
        ("http://[broken", PLACEHOLDER),
    ],
)  # fmt: skip
def test_urls_keep_their_form_and_lose_their_secrets(address: str, kept: str) -> None:
    assert Redaction()(exchange({"hosted_invoice_url": address})).body == {"hosted_invoice_url": kept}


def test_the_message_of_an_error_keeps_the_reason_and_loses_names() -> None:
    redaction = Redaction([KEY])
    message = (
        f"Invalid API Key provided: {KEY}. No customer: 'cus_1A'; 'Planted Ltd' of acct_9Z (a@planted.test) isn't"
        " the account's own, see https://dashboard.stripe.com/acct_9Z/test/logs/req_7?t=1"
    )
    kept = redaction(
        exchange(
            {"error": {"type": "card_error", "code": "resource_missing", "message": message, "param": "customer"}}
        )
    ).body
    assert kept["error"]["code"] == "resource_missing"
    assert kept["error"]["message"] == (
        "Invalid API Key provided: redacted. No customer: 'cus_1A'; 'redacted' of acct_sandbox1 (redacted) isn't"
        " the account's own, see https://dashboard.stripe.com/acct_sandbox1/test/logs/redacted?redacted"
    )


def test_an_oauth_code_is_removed_from_parameters_and_texts() -> None:
    redaction = Redaction()
    assert redaction(exchange(None, form=(("code", "ac_Abc123"),))).form == (("code", "ac_redacted"),)
    assert "ac_Abc123" not in redaction.text("code ac_Abc123 has been used")


@pytest.mark.parametrize("text", KEYS)
def test_a_recording_with_a_key_is_refused(text: str) -> None:
    with pytest.raises(SecretFound) as refused:
        refuse_secrets(f'{{"a": "{text}"}}')
    assert text not in str(refused.value)


def test_a_recording_with_a_key_of_another_form_is_refused() -> None:
    with pytest.raises(SecretFound):
        refuse_secrets("a strangekey b", ["strangekey"])
    assert refuse_secrets("sk_test_… is the form of a key") == "sk_test_… is the form of a key"


@pytest.mark.parametrize(
    "secret",
    [
        "sk_test_51" + "A1b2C3d4" * 12, "sk_org_test_A1b2C3d4E5f6", "rkcs_test_51A1b2C3d4", "rk_live_A1b2C3d4E5f6",
        "sk_test_*********************C3d4", "pi_3A1b2_secret_C3d4E5f6", "accs_secret__A1b2C3d4E5f6",
        "rt_A1b2C3d4E5f6", "whsec_A1b2C3d4", "ac_A1b2-C3d4E5f6",
    ],
)  # fmt: skip
def test_no_form_of_a_secret_stays_in_a_text(secret: str) -> None:
    assert "C3d4" not in Redaction().text(f"Invalid: {secret}, said Stripe.")


def test_a_business_name_that_equals_a_sent_word_is_removed() -> None:
    redaction = Redaction()
    redaction(exchange({}, form=(("currency", "usd"),)))
    kept = redaction(exchange({"object": "account", "business_profile": {"name": "usd"}, "default_currency": "usd"}))
    assert kept.body == {"object": "account", "business_profile": {"name": PLACEHOLDER}, "default_currency": "usd"}


def test_metadata_of_others_is_removed() -> None:
    kept = Redaction()(exchange({"metadata": {"pom_customer_id": "smith.john", "note": "secret"}}))
    assert kept.body == {"metadata": {"pom_customer_id": PLACEHOLDER}}
