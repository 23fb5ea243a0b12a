"""Takes one scrub away at a time: a field that the erasure empties, and that keeps its value without that scrub.

A scrub is an argument of a `replace(…)` in the two modules that take the person out of records.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from chalicelib.adapters.tables.codec import json_of
from chalicelib.domain import erased_facts, erased_records
from chalicelib.domain.batch import BatchItem
from chalicelib.domain.customer import Customer
from chalicelib.domain.deposits import SettledMovement
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payout import PayoutFilter
from chalicelib.domain.payout_lines import PayoutLine
from chalicelib.ports import Ports
from chalicelib.ports.paging import all_items
from chalicelib.usecases.erasing import holdings
from tests.planted import PlantedValues
from tests.privacy.person import found_in
from tests.world import ORGANIZATION

Take = Callable[[ModuleType, Any], Any]

HOW: dict[type, Take] = {
    Customer: lambda module, record: module.customer_without_person(record, 1),
    Invoice: lambda module, record: module.invoice_without_person(record, 1),
    SettledMovement: lambda module, record: module.settled_movement_without_person(record),
    PayoutLine: lambda module, record: module.payout_line_without_person(record),
    BatchItem: lambda module, record: module.batch_item_without_person(record),
}


class Scrub(NamedTuple):
    """An argument that empties a field. `number` distinguishes arguments of one function with the same name."""

    function: str
    field: str
    number: int = 0

    def __str__(self) -> str:
        return f"{self.function}.{self.field}" + (f".{self.number}" if self.number else "")


def scrubs() -> list[Scrub]:
    """Returns every scrub of the two modules."""
    return [scrub for module in (erased_facts, erased_records) for scrub, _, _ in _scrub_calls(_tree(module))]


def words_left(records: list[Any], scrub: Scrub | None = None) -> set[str]:
    """Returns what records say of the person after they were erased without this scrub."""
    return {word for record in records for word in found_in(_erased_json(record, scrub))}


def texts_left(scrub: Scrub | None = None) -> set[str]:
    """Returns the fields that keep their texts without this scrub, of records with a text in every field."""
    remaining_fields = set[str]()
    for kind in HOW:
        planted = PlantedValues({})
        remaining_fields |= planted.found_in(_erased_json(planted.of(kind), scrub))
    return remaining_fields


def _erased_json(record: Any, scrub: Scrub | None) -> str:
    facts, module = _without(erased_facts, scrub), _without(erased_records, scrub)
    vars(module)["facts_without_person"] = facts.facts_without_person
    return json_of(HOW[type(record)](module, record)).decode()


def records_of(customers: list[str], ports: Ports) -> list[Any]:
    """Returns everything that POM holds of these customers, as the erasure will meet it."""
    record_list: list[Any] = []
    for name in map(CustomerId, customers):
        customer = ports.customers.get(ORGANIZATION, name)
        assert customer is not None
        invoices = list(holdings.invoices_of(ORGANIZATION, name, ports))
        record_list += [customer, *invoices, *holdings.movements_of(ORGANIZATION, name, invoices, ports)]
        record_list += [
            stored_item.item
            for _, stored_item in ports.batches.every_item(ORGANIZATION, None)
            if stored_item.item.customer_id == name
        ]
    for payout in all_items(lambda after: ports.payouts.page(ORGANIZATION, PayoutFilter(), 100, after)):
        record_list += ports.payouts.all_lines(ORGANIZATION, payout.id)
    return record_list


@cache
def _without(module: ModuleType, scrub: Scrub | None) -> ModuleType:
    tree = _tree(module)
    for scrub_of_call, call, keyword in list(_scrub_calls(tree)):
        if scrub_of_call == scrub:
            call.keywords.remove(keyword)
    new_module = ModuleType(module.__name__)
    exec(compile(ast.fix_missing_locations(tree), str(module.__file__), "exec"), vars(new_module))
    return new_module


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(Path(str(module.__file__)).read_text())


def _scrub_calls(tree: ast.Module) -> Iterator[tuple[Scrub, ast.Call, ast.keyword]]:
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef):
            continue
        count_by_name: dict[str, int] = {}
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "replace":
                for keyword in call.keywords:
                    name = str(keyword.arg)
                    yield Scrub(function.name, name, count_by_name.get(name, 0)), call, keyword
                    count_by_name[name] = count_by_name.get(name, 0) + 1
