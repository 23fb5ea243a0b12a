"""The guards: what is taken away, and which test must fail without it.

A new guard needs a row here. `before` must be found exactly once in the file, so a guard that is moved or rewritten
makes `test_mutations.py` fail until its row follows.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard, how it is removed, and the tests of which at least one must fail then."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


def guard(name: str, file: str, before: str, after: str, *tests: str) -> Guard:
    return Guard(name, file, before, after, tests)


_EVENTS = "chalicelib/adapters/stripe/events.py"
_TOKENS = "chalicelib/adapters/tokens.py"
_CONNECT = "chalicelib/usecases/connect.py"
_INVOICE_EVENT = "chalicelib/usecases/apply_invoice_event.py"
_ACCOUNT_EVENT = "chalicelib/usecases/apply_account_event.py"
_CUSTOMER_EVENT = "chalicelib/usecases/apply_customer_event.py"
_TABLE_INVOICES = "chalicelib/adapters/tables/invoices.py"
_DECODING = "chalicelib/api/decoding.py"
_SERVING = "chalicelib/api/serving.py"

_DOORS = "tests/proofs/test_hostile_doors.py"
_ISOLATION = "tests/proofs/test_isolation.py"
_FORGERIES = f"{_DOORS}::test_no_forgery_is_accepted_and_the_sdk_agrees"
_UNSIGNED = "tests/api/test_webhooks.py::test_an_event_that_stripe_did_not_sign_leaves_no_trace"
_T_APPLY = "tests/usecases/test_apply_event.py"
_T_CONNECT = "tests/usecases/test_connect.py"
_T_CREATE = "tests/usecases/test_create_invoice.py"
_T_INVOICES = "tests/usecases/test_invoices.py"
_T_TOKENS = "tests/api/test_tokens.py::test_a_token_that_is_not_ours_is_refused"
_T_REFUSALS = "tests/api/test_refusals.py"
_T_STORE = "tests/contracts/test_invoice_store.py"
_T_CLAIMS = "tests/contracts/test_claims.py"
_T_CONNECTIONS = "tests/contracts/test_connection_store.py"
_T_SAGA = "tests/domain/test_saga.py"
_T_FACTS = "tests/domain/test_facts.py"

WEBHOOKS = (
    guard("signature must match", _EVENTS, "if not any(matches):", "if False:", _UNSIGNED),
    guard(
        "signature not too old", _EVENTS, "abs(now - timestamp) > TOLERANCE", "timestamp - now > TOLERANCE", _UNSIGNED
    ),
    guard(
        "signature not ahead", _EVENTS, "abs(now - timestamp) > TOLERANCE", "now - timestamp > TOLERANCE", _UNSIGNED
    ),
    guard("one time in the header", _EVENTS, "len(times) != 1 or", "not times or", _FORGERIES),
    guard("time written one way", _EVENTS, " and str(int(written)) == written", "", _FORGERIES),
    guard("no empty secret", _EVENTS, "for secret in secrets if secret]", "for secret in secrets]", _FORGERIES),
    guard(
        "bad signature leaves no trace",
        _SERVING,
        "if not isinstance(failure, InvalidSignature):",
        "if True:",
        _UNSIGNED,
    ),
    guard(
        "a signed body that breaks parsers",
        _EVENTS,
        "except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):",
        "except (msgspec.DecodeError, UnicodeDecodeError):",
        "tests/proofs/test_nonsense.py::test_whatever_stripe_signs_is_acknowledged",
    ),
    guard(
        "tenant of an event is its account",
        _INVOICE_EVENT,
        "if found is None or found.stripe_account_id != account_id:",
        "if found is None:",
        f"{_T_APPLY}::test_another_accounts_event_that_names_our_ids_changes_nothing",
    ),
    guard(
        "tenant of a customer event is its account",
        _CUSTOMER_EVENT,
        "return found if found and found.linked_to(account_id) == event.object_id else None",
        "return found",
        f"{_T_APPLY}::test_another_accounts_customer_event_changes_nothing",
    ),
    guard(
        "mode of an invoice",
        _INVOICE_EVENT,
        "if invoice.livemode != event.livemode:",
        "if False:",
        f"{_T_APPLY}::test_an_event_of_the_wrong_mode_changes_nothing",
    ),
    guard(
        "mode of an account",
        _ACCOUNT_EVENT,
        "    if connection.livemode != event.livemode:\n        return EventOutcome.WRONG_MODE\n    known,",
        "    known,",
        f"{_T_APPLY}::test_an_event_of_the_wrong_mode_changes_nothing",
    ),
    guard(
        "mode of a deauthorization",
        _ACCOUNT_EVENT,
        "    if connection.livemode != event.livemode:\n        return EventOutcome.WRONG_MODE\n    outdated",
        "    outdated",
        f"{_T_APPLY}::test_an_event_of_the_wrong_mode_changes_nothing",
    ),
    guard(
        "mode of a customer",
        _CUSTOMER_EVENT,
        "if connection.account_id == account_id and connection.livemode != event.livemode:",
        "if False:",
        f"{_T_APPLY}::test_an_event_of_the_wrong_mode_changes_nothing",
    ),
    guard(
        "a copy of an invoice is not the invoice",
        _INVOICE_EVENT,
        "return None if copied else found",
        "return found",
        f"{_T_APPLY}::test_a_copy_of_our_invoice_made_in_stripe_changes_nothing",
    ),
    guard(
        "subscribed types only",
        "chalicelib/usecases/apply_event.py",
        "if event.type not in SUBSCRIPTION or account_id is None:",
        "if account_id is None:",
        f"{_T_APPLY}::test_an_event_of_an_unknown_type_is_ignored",
    ),
    guard(
        "a duplicate writes nothing",
        _INVOICE_EVENT,
        "if knows_event(invoice.history, event.id):",
        "if False:",
        f"{_T_APPLY}::test_a_duplicate_writes_nothing",
    ),
    guard(
        "an event is marked once",
        "chalicelib/adapters/tables/markers.py",
        "EventItem.event_id.does_not_exist() | (EventItem.outcome == PARKED)",
        "EventItem.event_id.does_not_exist() | EventItem.event_id.exists()",
        f"{_T_STORE}::test_an_event_is_applied_once",
    ),
    guard(
        "an earlier end ends nothing",
        _ACCOUNT_EVENT,
        "return event.created < connection.connected_at",
        "return False",
        f"{_T_CONNECT}::test_a_late_event_of_an_earlier_end_ends_nothing",
    ),
    guard(
        "what cannot be applied is parked",
        "chalicelib/usecases/receive_event.py",
        "ports.events.park(event, now, str(reason))",
        "pass",
        "tests/api/test_webhooks.py::test_an_event_that_cannot_be_applied_is_parked_and_acknowledged",
    ),
)

FACTS = (
    guard(
        "merging keeps the higher precedence",
        "chalicelib/domain/facts.py",
        "return max(current, incoming, key=lambda fact: fact.precedence)",
        "return incoming",
        f"{_T_FACTS}::test_an_invoice_never_goes_back_whatever_the_clock_says",
    ),
    guard(
        "what cannot be ordered is asked",
        "chalicelib/domain/facts.py",
        "if current.precedence == incoming.precedence:",
        "if False:",
        f"{_T_FACTS}::test_two_snapshots_of_one_second_that_differ_cannot_be_ordered",
    ),
    guard(
        "settling never runs a lifecycle back",
        "chalicelib/domain/facts.py",
        "return later if later.precedence >= current.precedence else current",
        "return later",
        f"{_T_FACTS}::test_what_is_read_later_never_runs_a_lifecycle_back",
    ),
    guard(
        "settle only what nobody overtook",
        "chalicelib/usecases/store_invoice.py",
        "if current.version == read_after.version:",
        "if True:",
        f"{_T_INVOICES}::test_a_refresh_that_brings_news_and_is_overtaken_by_newer_keeps_the_newer",
    ),
    guard(
        "the sweep looks back a little",
        "chalicelib/usecases/reconcile.py",
        "connection.sweep.swept_until - OVERLAP",
        "connection.sweep.swept_until",
        "tests/usecases/test_reconcile.py::test_an_event_listed_late_is_within_the_overlap",
    ),
    guard(
        "the sweep passes over what is known",
        "chalicelib/usecases/reconcile.py",
        "missed += [event for event in page if event.id not in known]",
        "missed += page",
        "tests/usecases/test_reconcile.py::test_a_run_costs_a_list_and_a_batch_read_for_each_hundred_events",
        "tests/usecases/test_reconcile.py::test_nothing_lost_is_nothing_found",
        "tests/usecases/test_reconcile.py::test_only_what_was_missed_is_written",
    ),
    guard(
        "an invoice of which lists do not say enough is asked for",
        "chalicelib/usecases/sweep_objects.py",
        "if found is None or not found.complete:\n            return True",
        "if found is None or not found.complete:\n            return False",
        "tests/usecases/test_sweep_objects.py::test_only_the_invoice_that_differs_is_asked_for",
    ),
    guard(
        "a failed attempt is looked for though the invoice is as it was",
        "chalicelib/usecases/sweep_objects.py",
        "intents = [self.intents[intent_id] for intent_id in sorted(wanted)]",
        "intents: list[PaymentIntentFact] = []",
        "tests/usecases/test_sweep_objects.py"
        "::test_an_attempt_that_no_event_told_of_is_seen_though_the_invoice_is_as_it_was",
    ),
    guard(
        "a long comparison goes on where it was left",
        "chalicelib/domain/sweep.py",
        "objects_before=objects.before if objects else self.objects_before,",
        "objects_before=None,",
        "tests/usecases/test_sweep_objects.py::test_a_comparison_that_takes_too_long_is_left_and_gone_on_with",
    ),
    guard(
        "a comparison is not done before the last invoice",
        "chalicelib/domain/sweep.py",
        "finished = objects is not None and objects.before is None",
        "finished = objects is not None",
        "tests/domain/test_sweep.py::test_a_comparison_that_takes_several_runs_goes_on_at_once_and_ends_once",
    ),
    guard(
        "who was missed is looked at every ten minutes",
        "chalicelib/domain/sweep.py",
        "not (self.latest is None or self.latest.clean)",
        "False",
        "tests/domain/test_sweep.py::test_an_account_of_which_something_was_missed_is_looked_at_every_ten_minutes",
    ),
    guard(
        "whoever begins something is woken",
        "chalicelib/usecases/create_invoice.py",
        "    wake(connection, ports)\n",
        "",
        "tests/usecases/test_sweep_objects.py"
        "::test_an_idle_organization_that_makes_an_invoice_is_looked_at_every_ten_minutes",
    ),
    guard(
        "while nobody hears, everybody is looked at",
        "chalicelib/usecases/plan_reconciliation.py",
        "ports.connections.all_active() if nobody_hears else ",
        "",
        "tests/usecases/test_sweep_objects.py::test_while_the_webhook_endpoint_is_broken_everybody_is_looked_at",
    ),
)

CONNECTING = (
    guard(
        "a state works once",
        _CONNECT,
        "    if authorization.returned_at is not None:\n        raise _used()\n",
        "",
        f"{_T_CONNECT}::test_a_callback_loaded_twice_exchanges_the_code_once",
    ),
    guard(
        "a state is used up by one of two",
        "chalicelib/adapters/tables/connections.py",
        'put(item, unchanged(OAuthStateItem, authorization.version), "This attempt to connect")',
        "item.save()",
        f"{_T_CONNECTIONS}::test_an_authorization_is_completed_once",
        f"{_T_CONNECTIONS}::test_an_authorization_is_stored_once",
    ),
    guard(
        "a callback after ten minutes",
        _CONNECT,
        "    if authorization.expires_at <= ports.clock.now():\n        raise _expired()\n    return authorization",
        "    return authorization",
        f"{_T_CONNECT}::test_a_state_is_good_for_ten_minutes",
    ),
    guard(
        "a completion after ten minutes",
        _CONNECT,
        "    if authorization.expires_at <= ports.clock.now():\n        raise _expired()\n    account_id",
        "    account_id",
        f"{_T_CONNECT}::test_an_activation_after_ten_minutes_is_refused",
    ),
    guard(
        "the organization that began completes",
        _CONNECT,
        "if authorization.organization_id != organization_id or authorization.user_id != user_id:",
        "if authorization.user_id != user_id:",
        f"{_T_CONNECT}::test_only_the_admin_who_began_can_complete",
    ),
    guard(
        "the admin who began completes",
        _CONNECT,
        "if authorization.organization_id != organization_id or authorization.user_id != user_id:",
        "if authorization.organization_id != organization_id:",
        f"{_T_CONNECT}::test_only_the_admin_who_began_can_complete",
    ),
    guard(
        "the browser that came back completes",
        _CONNECT,
        ' or not hmac.compare_digest(_hashed(proof), authorization.proof_hash or "")',
        "",
        f"{_DOORS}::test_hijack_sending_a_victim_to_stripe_in_ones_own_name",
    ),
    guard(
        "states are kept hashed",
        _CONNECT,
        'return hashlib.sha256(state.encode(errors="surrogatepass")).hexdigest()',
        "return state",
        f"{_T_CONNECT}::test_the_state_is_kept_as_a_hash_only",
    ),
    guard(
        "an account belongs to one organization",
        "chalicelib/adapters/tables/connections.py",
        "ClaimItem.holder.does_not_exist() | (ClaimItem.holder == organization_id)",
        "ClaimItem.holder.does_not_exist() | ClaimItem.holder.exists()",
        f"{_T_CONNECTIONS}::test_an_account_bound_to_one_organization_is_refused_to_another",
    ),
    guard(
        "what an account was left for is not ended",
        _CONNECT,
        "if connection.account_id != account_id or not connection.active:",
        "if not connection.active:",
        f"{_T_CONNECT}::test_the_end_of_a_former_account_ends_nothing",
    ),
    guard(
        "redirects lead to the configured page",
        "chalicelib/api/connection.py",
        '{"Location": _with_query(bootstrap.config().pom_settings_url, outcome)}',
        "{\"Location\": _with_query(f\"https://{call.headers.get('host', '')}/\", outcome)}",
        f"{_DOORS}::test_the_callback_leads_nowhere_but_to_the_configured_page",
    ),
)

STORES = (
    guard(
        "a write expects the version that was read",
        "chalicelib/adapters/tables/versions.py",
        "model.version == version if version else model.version.does_not_exist()",
        "model.version.exists() if version else model.version.does_not_exist()",
        f"{_T_STORE}::test_a_save_of_a_stale_version_is_refused_and_changes_nothing",
    ),
    guard(
        "an insert expects nothing there",
        "chalicelib/adapters/tables/versions.py",
        "if version else model.version.does_not_exist()",
        "if version else (model.version.does_not_exist() | model.version.exists())",
        f"{_T_STORE}::test_a_second_insert_of_one_id_is_refused_and_changes_nothing",
    ),
    guard(
        "a service is claimed once",
        _TABLE_INVOICES,
        "free = ClaimItem.holder.does_not_exist() | (ClaimItem.holder == invoice.id)\n        if dead",
        "free = ClaimItem.holder.does_not_exist() | ClaimItem.holder.exists()\n        if dead",
        f"{_T_CLAIMS}::test_a_refused_insert_leaves_neither_invoice_nor_claims",
    ),
    guard(
        "only the named dead invoice is taken over",
        _TABLE_INVOICES,
        "free |= ClaimItem.holder == dead",
        "free |= ClaimItem.holder.exists()",
        f"{_T_CLAIMS}::test_a_service_is_taken_over_from_the_named_dead_invoice_only",
    ),
    guard(
        "claims of others are not released",
        _TABLE_INVOICES,
        "free = ClaimItem.holder.does_not_exist() | (ClaimItem.holder == invoice.id)\n            transaction.delete",
        "free = ClaimItem.holder.does_not_exist() | ClaimItem.holder.exists()\n            transaction.delete",
        f"{_T_CLAIMS}::test_a_removal_leaves_services_alone_that_others_hold_by_now",
    ),
    guard(
        "a cursor is good for its own list",
        "chalicelib/adapters/tables/keys.py",
        "if tag != _tag(partition) or not",
        "if not",
        "tests/contracts/test_invoice_pages.py::test_a_cursor_of_another_organization_is_refused",
        f"{_ISOLATION}::test_a_cursor_leads_nowhere_in_another_organization",
    ),
    guard(
        "keys escape their separator",
        "chalicelib/adapters/tables/keys.py",
        'part.replace("%", "%25").replace("#", "%23")',
        "part",
        f"{_T_STORE}::test_ids_with_separators_in_them_are_kept_apart",
        "tests/contracts/test_invoice_pages.py::test_names_made_of_parts_do_not_lead_into_another_organization",
    ),
    guard(
        "reads by key are consistent",
        "chalicelib/adapters/tables/database.py",
        "answer = connection().get_item(model.Meta.table_name, hash_key, range_key, consistent_read=True)",
        "answer = connection().get_item(model.Meta.table_name, hash_key, range_key)",
        "tests/adapters/test_tables_requests.py::test_all_reads_by_key_are_strongly_consistent",
    ),
    guard(
        "an index only says where to look",
        "chalicelib/adapters/tables/customers.py",
        "if customer is not None and customer.linked_to(account_id) == stripe_customer_id:",
        "if customer is not None:",
        "tests/adapters/test_tables_requests.py::test_an_index_that_lags_does_not_make_a_customer_someone_else",
    ),
)

SAGA = (
    guard(
        "each step has its own key",
        "chalicelib/domain/saga.py",
        "digest(self.nonce, self.step, str(self.generation))",
        "digest(self.nonce, str(self.generation))",
        f"{_T_SAGA}::test_each_step_and_each_intent_has_its_own_key",
    ),
    guard(
        "a fresh key after looking",
        "chalicelib/domain/saga.py",
        "digest(self.nonce, self.step, str(self.generation))",
        "digest(self.nonce, self.step)",
        f"{_T_SAGA}::test_a_failure_that_stripe_stored_is_looked_into_before_another_try_with_another_key",
        f"{_T_SAGA}::test_each_step_and_each_intent_has_its_own_key",
    ),
    guard(
        "an old key is not relied upon",
        "chalicelib/domain/saga.py",
        "return self.look_first or now - self.step_began_at > KEY_TRUSTED_FOR",
        "return self.look_first",
        f"{_T_SAGA}::test_a_key_is_trusted_for_an_hour_less_than_stripe_keeps_it",
    ),
    guard(
        "a stored failure is looked into",
        "chalicelib/domain/saga.py",
        "look_first=self.look_first or stored_by_stripe,",
        "look_first=self.look_first,",
        f"{_T_SAGA}::test_a_failure_that_stripe_stored_is_looked_into_before_another_try_with_another_key",
    ),
    guard(
        "a lease keeps others away",
        "chalicelib/usecases/resume_stuck.py",
        "if invoice is None or not invoice.saga.running or (invoice.saga.resume_at or 0) > now:",
        "if invoice is None or not invoice.saga.running:",
        "tests/usecases/test_saga_crashes.py::test_a_lease_keeps_a_second_worker_away",
    ),
    guard(
        "one key, one body",
        "chalicelib/usecases/create_invoice.py",
        "if known.order.fingerprint != command.fingerprint:",
        "if False:",
        f"{_T_CREATE}::test_a_key_used_for_another_body_is_refused",
    ),
    guard(
        "keys belong to an organization",
        "chalicelib/domain/identifiers.py",
        'digest("invoice", organization_id, idempotency_key)',
        'digest("invoice", idempotency_key)',
        f"{_T_SAGA}::test_one_key_of_one_organization_is_one_invoice",
    ),
    guard(
        "a live invoice keeps its services",
        "chalicelib/usecases/claims.py",
        "if holder is not None and holder.live:",
        "if False:",
        f"{_T_CREATE}::test_a_billed_service_is_refused_and_the_answer_names_its_invoice",
    ),
    guard(
        "Stripe's total is ours",
        "chalicelib/usecases/invoice_saga.py",
        "if fact.total != invoice.order.total:",
        "if False:",
        f"{_T_CREATE}::test_taxes_that_the_stripe_account_adds_by_itself_stop_the_invoice",
    ),
    guard(
        "an invoice stays on its account",
        "chalicelib/usecases/invoices.py",
        "    if invoice.stripe_account_id != account_id:\n        raise of_other_account()",
        "    if False:\n        raise of_other_account()",
        f"{_T_INVOICES}::test_an_invoice_of_an_account_that_is_no_longer_connected_stays_as_it_is",
    ),
)

TOKENS = (
    guard("one algorithm", _TOKENS, 'ALGORITHMS = ["RS256"]', 'ALGORITHMS = ["RS256", "RS512", "PS256"]', _T_TOKENS),
    guard("the issuer", _TOKENS, "                issuer=self._config.issuer,\n", "", _T_TOKENS),
    guard("the audience", _TOKENS, 'options={"require"', 'options={"verify_aud": False, "require"', _T_TOKENS),
    guard("tokens expire", _TOKENS, '"require": ["exp", ', '"require": [', _T_TOKENS),
    guard("a short leeway", _TOKENS, "LEEWAY = 30", "LEEWAY = 600", _T_TOKENS),
    guard("headers that name keys", _TOKENS, "if DECEPTIVE_HEADERS & header.keys():", "if False:", _T_TOKENS),
    guard("tokens of some length", _TOKENS, "if len(token) > MAX_TOKEN:", "if False:", _T_TOKENS),
    guard(
        "claims are text",
        _TOKENS,
        "if not isinstance(value, str) or not value.strip() or len(value) > 128:",
        "if not value:",
        _T_TOKENS,
    ),
    guard(
        "roles do not come apart",
        _TOKENS,
        "frozenset(role for role in claim if role.split() == [role])",
        "frozenset(claim)",
        "tests/api/test_roles.py::test_a_role_is_a_whole_word",
    ),
    guard(
        "weak keys are left out",
        _TOKENS,
        " and key.key_size >= MIN_KEY_BITS",
        "",
        "tests/api/test_tokens.py::test_a_weak_key_is_left_out",
    ),
    guard(
        "no flood of key fetches",
        _TOKENS,
        " and self._may_fetch:",
        ":",
        "tests/api/test_tokens.py::test_unknown_key_ids_do_not_become_a_flood_of_fetches",
    ),
    guard(
        "withdrawn keys stop working",
        _TOKENS,
        "(key_id not in self._keys or self._age > KEYS_FRESH_FOR)",
        "(key_id not in self._keys)",
        "tests/api/test_tokens.py::test_a_withdrawn_key_stops_working",
    ),
    guard(
        "keys come by http",
        _TOKENS,
        'if not url.startswith(("https://", "http://")):',
        "if False:",
        "tests/api/test_tokens.py::test_keys_come_by_http_only",
    ),
)

API = (
    guard(
        "roles",
        _SERVING,
        "if sufficient is not None and not identity.roles & sufficient:",
        "if False:",
        "tests/api/test_roles.py::test_a_role_opens_what_it_is_for_and_nothing_else",
    ),
    guard(
        "the authorizer stands before private routes",
        "chalicelib/api/routing.py",
        "authorizer=None if role is Role.PUBLIC else token_authorizer,",
        "authorizer=None,",
        "tests/api/test_roles.py::test_exactly_the_private_routes_are_behind_the_authorizer",
    ),
    guard(
        "no identity, no entry",
        _SERVING,
        'or not user_id:\n        raise Unauthorized("no_identity")\n',
        "or not user_id:\n        pass\n",
        "tests/api/test_roles.py::test_a_request_that_passed_no_authorizer_is_refused_all_the_same",
    ),
    guard(
        "size of a body",
        _DECODING,
        "if len(body) > limit:",
        "if False:",
        f"{_T_REFUSALS}::test_a_body_over_256_kib_is_too_large",
    ),
    guard(
        "media type",
        _DECODING,
        'if media_type != "application/json" or not charsets <= {"utf-8", "utf8"}:',
        "if False:",
        f"{_T_REFUSALS}::test_another_media_type_is_not_taken",
    ),
    guard(
        "ids in paths",
        _DECODING,
        "if not _ID.search(value):",
        "if False:",
        f"{_T_REFUSALS}::test_a_path_takes_ids_only",
    ),
    guard(
        "parameters once",
        _DECODING,
        "if len(values) != 1:",
        "if False:",
        f"{_T_REFUSALS}::test_a_wrong_query_names_the_parameter",
    ),
    guard(
        "idempotency keys are printable",
        _DECODING,
        "if key is not None and not _KEY.fullmatch(key):",
        "if False:",
        f"{_T_REFUSALS}::test_an_idempotency_key_is_printable_ascii",
    ),
    guard(
        "plain decimals",
        "chalicelib/api/models/exact.py",
        " and _PLAIN.fullmatch(str(value))",
        "",
        f"{_T_REFUSALS}::test_a_body_of_the_wrong_shape_names_the_field",
    ),
    guard(
        "messages of exceptions stay out of logs",
        "chalicelib/observability.py",
        "        record.exc_info = None\n",
        "",
        "tests/api/test_observability.py::test_an_exception_that_chalice_logs_is_told_without_its_message",
    ),
    guard(
        "the SDK logs no URLs",
        "chalicelib/adapters/stripe/client.py",
        'logging.getLogger("stripe").setLevel(logging.WARNING)',
        'logging.getLogger("stripe").setLevel(logging.INFO)',
        f"{_ISOLATION}::test_no_log_line_and_no_metric_holds_a_secret_or_anybodys_data",
    ),
    guard(
        "CORS for one origin",
        "infra/local/cors.py",
        "if request_origin != self.origin:",
        "if False:",
        "tests/local/test_gateway.py::test_only_the_configured_origin_may_call",
    ),
)

OPERATING = (
    guard(
        "a canary passes only if the table has the very one",
        "chalicelib/usecases/canary.py",
        "return Verdict.PASSED if kept == canary else Verdict.ALTERED",
        "return Verdict.PASSED",
        "tests/usecases/test_canary.py::test_an_item_that_is_not_the_one_that_was_sent_is_a_failure",
    ),
    guard(
        "a canary that nobody kept does not pass",
        "chalicelib/usecases/canary.py",
        "    if kept is None:\n        return Verdict.NOT_KEPT\n    return Verdict.PASSED if kept == canary",
        "    return Verdict.PASSED if kept in (None, canary)",
        "tests/usecases/test_canary.py::test_whatever_is_not_a_2xx_with_the_item_in_the_table_is_a_failure",
    ),
    guard(
        "signed events go by https only",
        "chalicelib/adapters/webhook_door.py",
        'if not parts.hostname or not (parts.scheme == "https" or (parts.scheme, parts.hostname) in _PLAIN):',
        "if not parts.hostname:",
        "tests/adapters/test_webhook_door.py::test_an_endpoint_that_is_not_https_is_not_asked_at_all",
    ),
    guard(
        "a record that is made again claims its services",
        "chalicelib/usecases/backfill.py",
        "invoice, first, ports)",
        "invoice, [], ports)",
        "tests/usecases/test_backfill.py::test_a_lost_record_comes_back_and_its_services_cannot_be_billed_again",
    ),
    guard(
        "a copy in Stripe is not the invoice, to a backfill either",
        "chalicelib/usecases/backfill.py",
        "if known.stripe_account_id != account_id or known.stripe_invoice_id not in (None, listed.stripe_id):",
        "if known.stripe_account_id != account_id:",
        "tests/usecases/test_backfill.py::test_a_copy_that_somebody_made_in_stripe_is_named_and_left_alone",
    ),
)

GUARDS: tuple[Guard, ...] = (*WEBHOOKS, *FACTS, *CONNECTING, *STORES, *SAGA, *TOKENS, *API, *OPERATING)
