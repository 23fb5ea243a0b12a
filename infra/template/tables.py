"""The tables, derived from the pynamodb models that the code uses to read and write them."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from pynamodb.models import Model

from chalicelib.adapters.tables.database import NAMES
from chalicelib.domain.retention import RECOVERY
from infra.template.intrinsics import Json, physical, table_id


def tables() -> Json:
    """Returns a resource for each model: billed on demand, restorable to any second of 35 days, kept without the
    stack.

    A table whose creation is rolled back is deleted, because it would block the next attempt. Deletion protection
    would prevent that, so `make deploy` switches the protection on after the deployment has succeeded.
    """
    return {table_id(name): _table(model, name) for model, name in NAMES.items()}


def index_names(model: type[Model]) -> list[str]:
    """Returns the names of a model's indexes."""
    return [index["index_name"] for index in _schema(model)["global_secondary_indexes"]]


def _table(model: type[Model], name: str) -> Json:
    schema = _schema(model)
    properties: Json = {
        "TableName": physical(name),
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": sorted(_pascal(schema["attribute_definitions"]), key=itemgetter("AttributeName")),
        "KeySchema": _keys(schema),
        "PointInTimeRecoverySpecification": {
            "PointInTimeRecoveryEnabled": True,
            "RecoveryPeriodInDays": RECOVERY.days,
        },
    }
    if view_type := getattr(model.Meta, "stream_view_type", None):
        properties["StreamSpecification"] = {"StreamViewType": view_type}
    if indexes := [_index(index) for index in schema["global_secondary_indexes"]]:
        properties["GlobalSecondaryIndexes"] = indexes
    if (ttl := model._ttl_attribute()) is not None:
        properties["TimeToLiveSpecification"] = {"AttributeName": ttl.attr_name, "Enabled": True}
    return {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": properties,
    }


def _schema(model: type[Model]) -> Any:
    """Returns the description from which pynamodb creates the table."""
    return model._get_schema()


def _index(index: Any) -> Json:
    return {
        "IndexName": index["index_name"],
        "KeySchema": _keys(index),
        "Projection": _pascal(index["projection"]),
    }


def _keys(schema: Any) -> list[Json]:
    """Returns the key schema with the hash key first, as DynamoDB requires. pynamodb sorts the keys by name."""
    return sorted(_pascal(schema["key_schema"]), key=itemgetter("KeyType"))


def _pascal(value: Any) -> Any:
    if isinstance(value, dict):
        return {_word(key): _pascal(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_pascal(each) for each in value]
    return value


def _word(key: str) -> str:
    return "".join(part[0].upper() + part[1:] for part in key.split("_"))
