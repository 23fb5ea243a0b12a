"""The app with a `Server-Timing` header on each response: its duration in milliseconds, and the time of its calls.

`app` is the time from Chalice's call of our code to the response. `stripe`, `dynamodb` and `aws` are the HTTP calls
in between, by their target, with their number. The API server and the authorizer run before `app`.
"""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from urllib3.connectionpool import HTTPConnectionPool

from app import app

_spent = threading.local()
_PLACES = {
    urlsplit(os.environ[variable]).port: name
    for name, variable in (
        ("aws", "AWS_ENDPOINT_URL"),
        ("stripe", "STRIPE_API_BASE"),
        ("dynamodb", "AWS_ENDPOINT_URL_DYNAMODB"),
    )
    if variable in os.environ
}


def _timed(urlopen: Callable[..., Any]) -> Callable[..., Any]:
    """Measures each request of both SDKs, because both send it through this method of urllib3."""

    def timed(pool: HTTPConnectionPool, *args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return urlopen(pool, *args, **kwargs)
        finally:
            if (calls := getattr(_spent, "calls", None)) is not None:
                calls[_PLACES.get(pool.port, "elsewhere")].append(time.perf_counter() - began)

    return timed


def _tell(request: Any, get_response: Callable[[Any], Any]) -> Any:
    calls = _spent.calls = defaultdict(list)
    began = time.perf_counter()
    answer = get_response(request)
    calls["app"].append(time.perf_counter() - began)
    _spent.calls = None
    answer.headers["Server-Timing"] = ", ".join(
        f"{place};dur={sum(took) * 1000:.3f};desc={len(took)}" for place, took in calls.items()
    )
    return answer


HTTPConnectionPool.urlopen = _timed(HTTPConnectionPool.urlopen)  # type: ignore[method-assign]
app.register_middleware(_tell, "http")
