"""The error contract."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType


class ErrorDetail(msgspec.Struct, rename="camel", kw_only=True):
    """`code` is stable and meant for programs; `message` and `nextStep` are for people."""

    code: str
    message: str
    request_id: str
    field: str | UnsetType = UNSET
    next_step: str | UnsetType = UNSET


class ErrorBody(msgspec.Struct, rename="camel"):
    """Every answer of 400 and above."""

    error: ErrorDetail
