"""Contract of every store of invoices about claims: a service is on one live invoice at most."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.identifiers import InvoiceId, ServiceId
from chalicelib.domain.summary import invoice_removal, invoice_write
from chalicelib.ports.storage import MAX_CLAIMS_AT_ONCE, ServiceClaimed
from tests.backends import Backend
from tests.contracts.examples import NOW, ORG, OTHER_ORG, invoice, services


def holders_of(backend: Backend, *names: str) -> dict[ServiceId, InvoiceId]:
    """Returns the holder of each service, by inserting an invoice that claims them and removing it again."""
    probe = invoice("probe")
    try:
        stored = backend.invoices.insert(invoice_write(probe), services(*names))
    except ServiceClaimed as claimed:
        return dict(claimed.holders)
    backend.invoices.remove(invoice_removal(stored), [ServiceId(name) for name in names])
    return {}


def test_a_conflict_names_each_claimed_service_and_its_holder(backend: Backend) -> None:
    a = backend.invoices.insert(invoice_write(invoice("a")), services("s1", "s2"))
    b = backend.invoices.insert(invoice_write(invoice("b")), services("s3"))
    with pytest.raises(ServiceClaimed) as conflict:
        backend.invoices.insert(invoice_write(invoice("c")), services("s0", "s1", "s3", "s4"))
    assert conflict.value.holders == {"s1": a.id, "s3": b.id}


def test_the_holders_of_any_number_of_services_are_returned_for_one_organization_only(backend: Backend) -> None:
    names = [ServiceId(f"s{n}") for n in range(120)]
    a = backend.invoices.insert(invoice_write(invoice("a")), services(*names[:60]))
    b = backend.invoices.insert(invoice_write(invoice("b")), services(*names[60:119]))
    expected_holders = {**dict.fromkeys(names[:60], a.id), **dict.fromkeys(names[60:119], b.id)}
    assert backend.invoices.holders(ORG, [*names, names[0]]) == expected_holders
    assert backend.invoices.holders(OTHER_ORG, names) == {}
    assert backend.invoices.holders(ORG, []) == {}


def test_a_refused_insert_leaves_neither_invoice_nor_claims(backend: Backend) -> None:
    backend.invoices.insert(invoice_write(invoice("a")), services("s1"))
    with pytest.raises(ServiceClaimed):
        backend.invoices.insert(invoice_write(invoice("b")), services("s0", "s1", "s2"))
    assert backend.invoices.get(ORG, InvoiceId("inv_b")) is None
    assert holders_of(backend, "s0", "s1", "s2") == {"s1": "inv_a"}


def test_the_same_service_id_of_another_organization_is_another_service(backend: Backend) -> None:
    backend.invoices.insert(invoice_write(invoice("a")), services("s1"))
    backend.invoices.insert(invoice_write(invoice("b", organization_id=OTHER_ORG)), services("s1"))


def test_a_service_is_taken_over_from_the_named_dead_invoice_only(backend: Backend) -> None:
    a = backend.invoices.insert(invoice_write(invoice("a")), services("s1"))
    other_invoice = invoice("other")
    with pytest.raises(ServiceClaimed) as conflict:
        backend.invoices.insert(invoice_write(invoice("b")), services("s1", dead=other_invoice))
    assert conflict.value.holders == {"s1": a.id}
    b = backend.invoices.insert(invoice_write(invoice("b")), services("s1", dead=a))
    with pytest.raises(ServiceClaimed) as conflict:
        backend.invoices.insert(invoice_write(invoice("c")), services("s1", dead=a))
    assert conflict.value.holders == {"s1": b.id}


def test_a_service_that_became_free_before_its_takeover_can_be_taken_over(backend: Backend) -> None:
    a = backend.invoices.insert(invoice_write(invoice("a")), services("s1"))
    backend.invoices.remove(invoice_removal(a), [ServiceId("s1")])
    b = backend.invoices.insert(invoice_write(invoice("b")), services("s1", dead=a))
    assert holders_of(backend, "s1") == {"s1": b.id}


def test_an_invoice_can_claim_more_services_and_repeat_a_claim(backend: Backend) -> None:
    a = backend.invoices.insert(invoice_write(invoice("a")), services("s1"))
    backend.invoices.claim(a, services("s1", "s2"))
    backend.invoices.claim(a, services("s1", "s2"))
    assert holders_of(backend, "s1", "s2") == {"s1": a.id, "s2": a.id}
    assert backend.invoices.get(ORG, a.id) == a


def test_a_refused_claim_claims_nothing(backend: Backend) -> None:
    a = backend.invoices.insert(invoice_write(invoice("a")), services("s1"))
    b = backend.invoices.insert(invoice_write(invoice("b")), services("s2"))
    with pytest.raises(ServiceClaimed) as conflict:
        backend.invoices.claim(b, services("s0", "s1", "s3"))
    assert conflict.value.holders == {"s1": a.id}
    assert holders_of(backend, "s0", "s3") == {}


def test_a_removed_invoice_claims_nothing(backend: Backend) -> None:
    a = backend.invoices.insert(invoice_write(invoice("a")), {})
    backend.invoices.remove(invoice_removal(a), [])
    with pytest.raises(StaleWrite):
        backend.invoices.claim(a, services("s1"))
    assert holders_of(backend, "s1") == {}


def test_a_stale_version_claims_nothing(backend: Backend) -> None:
    a = backend.invoices.insert(invoice_write(invoice("a")), {})
    backend.invoices.save(invoice_write(a))
    with pytest.raises(StaleWrite):
        backend.invoices.claim(a, services("s1"))
    assert holders_of(backend, "s1") == {}


def test_a_change_is_stored_together_with_its_claims(backend: Backend) -> None:
    a = backend.invoices.insert(invoice_write(invoice("a")), services("s1"))
    dead = backend.invoices.insert(invoice_write(invoice("dead")), services("s2"))
    claims = {**services("s1", "s3"), **services("s2", dead=dead)}
    stored = backend.invoices.save_claiming(invoice_write(replace(a, sent_at=NOW), a), claims)
    assert backend.invoices.get(ORG, a.id) == stored == replace(a, sent_at=NOW, version=a.version + 1)
    assert holders_of(backend, "s1", "s2", "s3") == dict.fromkeys(("s1", "s2", "s3"), a.id)


def test_a_change_whose_claims_are_refused_is_not_stored(backend: Backend) -> None:
    a = backend.invoices.insert(invoice_write(invoice("a")), {})
    b = backend.invoices.insert(invoice_write(invoice("b")), services("s2"))
    with pytest.raises(ServiceClaimed) as conflict:
        backend.invoices.save_claiming(invoice_write(replace(a, sent_at=NOW), a), services("s1", "s2"))
    assert conflict.value.holders == {"s2": b.id}
    assert backend.invoices.get(ORG, a.id) == a
    assert holders_of(backend, "s1") == {}


def test_a_change_of_a_stale_version_claims_nothing(backend: Backend) -> None:
    a = backend.invoices.insert(invoice_write(invoice("a")), {})
    now = backend.invoices.save(invoice_write(a))
    with pytest.raises(StaleWrite):
        backend.invoices.save_claiming(invoice_write(replace(a, sent_at=NOW), a), services("s1"))
    assert backend.invoices.get(ORG, a.id) == now
    assert holders_of(backend, "s1") == {}


def test_a_released_service_can_be_claimed_and_the_other_claims_stay(backend: Backend) -> None:
    names = [f"s{n}" for n in range(100)]
    a = backend.invoices.insert(invoice_write(invoice("a")), services(*names[:90]))
    backend.invoices.claim(a, services(*names[90:]))
    b = backend.invoices.insert(invoice_write(invoice("b")), services("s5", dead=a))
    backend.invoices.release(a, [ServiceId(name) for name in (*names[3:], "s3", "never")])
    assert backend.invoices.get(ORG, a.id) == a
    assert holders_of(backend, *names[:50]) == {**dict.fromkeys(names[:3], a.id), "s5": b.id}
    assert holders_of(backend, *names[50:]) == {}


def test_a_stale_version_releases_no_claim(backend: Backend) -> None:
    a = backend.invoices.insert(invoice_write(invoice("a")), services("s1"))
    backend.invoices.save(invoice_write(a))
    with pytest.raises(StaleWrite):
        backend.invoices.release(a, [ServiceId("s1")])
    assert holders_of(backend, "s1") == {"s1": a.id}


def test_too_many_claims_at_once_are_refused(backend: Backend) -> None:
    many = services(*(f"s{n}" for n in range(MAX_CLAIMS_AT_ONCE + 1)))
    with pytest.raises(ValueError, match="91"):
        backend.invoices.insert(invoice_write(invoice("a")), many)
    a = backend.invoices.insert(invoice_write(invoice("a")), {})
    with pytest.raises(ValueError, match="91"):
        backend.invoices.claim(a, many)
    many.popitem()
    backend.invoices.claim(a, many)


def test_a_removed_invoice_frees_its_services(backend: Backend) -> None:
    a = backend.invoices.insert(invoice_write(invoice("a")), services("s1", "s2"))
    backend.invoices.remove(
        invoice_removal(a), [ServiceId("s1"), ServiceId("s2"), ServiceId("s1"), ServiceId("never")]
    )
    assert backend.invoices.get(ORG, a.id) is None
    assert holders_of(backend, "s1", "s2") == {}


def test_a_removal_of_a_stale_version_frees_nothing(backend: Backend) -> None:
    names = [f"s{n}" for n in range(250)]
    a = backend.invoices.insert(invoice_write(invoice("a")), services(*names[:90]))
    backend.invoices.claim(a, services(*names[90:180]))
    backend.invoices.claim(a, services(*names[180:]))
    now = backend.invoices.save(invoice_write(replace(a, sent_at=NOW)))
    with pytest.raises(StaleWrite):
        backend.invoices.remove(invoice_removal(a), [ServiceId(name) for name in names])
    assert backend.invoices.get(ORG, a.id) == now
    some = [*names[:3], *names[100:103], *names[-3:]]
    assert holders_of(backend, *some) == dict.fromkeys(some, a.id)


def test_a_removed_invoice_of_250_services_frees_them_all(backend: Backend) -> None:
    names = [f"s{n}" for n in range(250)]
    a = backend.invoices.insert(invoice_write(invoice("a")), services(*names[:90]))
    backend.invoices.claim(a, services(*names[90:180]))
    backend.invoices.claim(a, services(*names[180:]))
    backend.invoices.remove(invoice_removal(a), [ServiceId(name) for name in names])
    assert backend.invoices.get(ORG, a.id) is None
    assert [holders_of(backend, *names[n : n + 50]) for n in range(0, 250, 50)] == [{}] * 5


def test_a_removal_does_not_free_services_that_another_invoice_holds(backend: Backend) -> None:
    a = backend.invoices.insert(invoice_write(invoice("a")), services("s1", "s2"))
    b = backend.invoices.insert(invoice_write(invoice("b")), services("s1", dead=a))
    backend.invoices.remove(invoice_removal(a), [ServiceId("s1"), ServiceId("s2")])
    assert backend.invoices.get(ORG, a.id) is None
    assert holders_of(backend, "s1", "s2") == {"s1": b.id}


def test_an_invoice_of_another_organization_is_never_removed(backend: Backend) -> None:
    a = backend.invoices.insert(invoice_write(invoice("a")), services("s1"))
    with pytest.raises(StaleWrite):
        backend.invoices.remove(invoice_removal(replace(a, organization_id=OTHER_ORG)), [ServiceId("s1")])
    assert backend.invoices.get(ORG, a.id) == a
    assert holders_of(backend, "s1") == {"s1": a.id}
