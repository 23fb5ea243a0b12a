"""Reads a released form with the code that is on the path, and writes on it, as that code's Lambdas would.

It runs under today's code and, in a process of its own, under the last release's. So it uses only what both have:
`app.app` with its handlers and routes, what API Gateway's authorizer passes on, and public methods of the stores.
A release that renames one of these keeps a copy of this file beside the form that needs it.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

Json = dict[str, Any]
COMPANY = "org_blue"
KEYS = {
    "batches": ("organization_id", "place"), "changes": ("organization_id", "place"),
    "claims": ("owner", "claim"), "connections": ("organization_id", "kind"),
    "customers": ("organization_id", "customer_id"), "events": ("account_id", "event_id"),
    "invoices": ("organization_id", "invoice_id"), "oauth-states": ("state_hash",),
    "payment-refs": ("account_id", "stripe_id"), "payments": ("organization_id", "movement_id"),
    "payouts": ("payout_key", "place"), "summaries": ("organization_id", "place"),
}  # fmt: skip
"""The attributes of each table's key."""
FORMER_METHODS = {"canary_run": "canary_flight"}
"""The last release's names of stores' methods that were renamed since."""
CLOSED = ("cust_closed", "cust_erased")
"""A customer whose erasure waits, and one that is erased."""


class Reader:
    """Reads and handles a form with the code of one release. Each error is reported, and the other parts continue."""

    def __init__(self, prefix: str) -> None:
        from app import app
        from chalicelib import bootstrap

        self._app, self._prefix = app, prefix
        self._store: Callable[[str], Any] = lambda name: getattr(bootstrap.ports(), name)

    # The API, the workers and the stores

    def http(self, method: str, path: str, body: Any = None, organization: str = COMPANY) -> tuple[int, Json]:
        """Returns the status and the body with which the API's Lambda responds to an administrator."""
        bare, _, query = ("/v1" + path).partition("?")
        [route] = [each for each in self._app.routes if re.fullmatch(re.sub(r"{\w+}", "[^/]+", each), bare)]
        match: Any = re.fullmatch(re.sub(r"{\w+}", "([^/]+)", route), bare)
        path_parameters = zip(re.findall(r"{(\w+)}", route), match.groups())  # noqa: B905
        query_parameters = [each.partition("=")[::2] for each in query.split("&") if each]
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"read {path} {time.time_ns()}"}
        user = {"organizationId": organization, "userId": "user_admin", "roles": "admin billing"}
        context = {"resourcePath": route, "path": bare, "httpMethod": method, "authorizer": user, "requestId": "read"}
        event = {
            "path": bare, "httpMethod": method, "headers": headers, "pathParameters": dict(path_parameters),
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "multiValueQueryStringParameters": {name: [value] for name, value in query_parameters} or None,
            "requestContext": {**context, "identity": {"sourceIp": "127.0.0.1"}}, "stageVariables": None,
            "body": None if body is None else json.dumps(body), "isBase64Encoded": False,
        }  # fmt: skip
        answer = self._app(event, _context("api_handler"))
        return answer["statusCode"], json.loads(answer["body"] or "{}")

    def get(self, path: str, organization: str = COMPANY) -> Json:
        """Returns the body of a GET. Raises RuntimeError if it is not answered 200."""
        status, body = self.http("GET", path, organization=organization)
        if status != 200:
            raise RuntimeError(f"GET {path} is answered {status} {body}")
        return body

    def invoke(self, function: str, records: list[Json]) -> None:
        """Hands records to a worker. Raises RuntimeError if it reports one as failed."""
        failed_ids = self._app.handler_map[function]({"Records": records}, _context(function))["batchItemFailures"]
        if failed_ids:
            raise RuntimeError(f"{function} failed; its log says why")

    def called(self, store: str, method: str, *arguments: Any) -> None:
        """Calls a method of a store. Raises RuntimeError if it finds nothing."""
        methods = self._store(store)
        result = getattr(methods, method if hasattr(methods, method) else FORMER_METHODS[method])(*arguments)
        if result is None or (hasattr(result, "__len__") and not len(result)):
            raise RuntimeError(f"{store}.{method} finds nothing")

    # What is read

    def read(self, form: Json) -> Json:
        """Returns the result for each part of a form: `shows`, `tells`, nothing, or an `error`."""
        results: Json = {part: {} for part in ("items", "cursors", "messages", "stream")}
        now: dict[tuple[str, str], Json] = {}
        for entry in form["items"]:
            if entry.get("instead"):
                put(self._prefix, entry)
            else:
                now[_name(entry)] = entry
            label = " ".join((*_name(entry), entry.get("instead", ""))).strip()
            results["items"][label] = _outcome(lambda entry=entry: self._item(entry["table"], entry["item"]))
        for entry in form["items"]:
            if entry.get("instead"):
                put(self._prefix, now[_name(entry)])
        for path in (each["path"] for each in form["cursors"]):
            results["cursors"][path] = _outcome(lambda path=path: facts(self.get(path)))
        for number, message in enumerate(form["messages"]):
            results["messages"][f"{message['queue']} {number}"] = _outcome(lambda each=message: self._message(each))
        end = self._feed_behind(None)[1] if form["stream"] else None
        for number, each in enumerate(form["stream"]):
            publication = _outcome(lambda each=each, end=end: self._told(each["record"], end))
            results["stream"][f"{number} {','.join(each['tells'])}"] = publication
            end = publication.pop("end", end)
        return results

    def _item(self, table: str, item: Json) -> Any:
        of = {name: value["S"] for name, value in item.items() if "S" in value}
        organization = of.get("organization_id", COMPANY)
        match table, of.get("kind", of.get("place", "")).split("#")[0]:
            case "invoices", _:
                return facts(self.get(f"/invoices/{of['invoice_id']}", organization))
            case "customers", _ if "status_key" not in of:
                return self._erasure(organization, of["customer_id"])
            case "customers", _:
                return facts(self.get(f"/customers/{of['customer_id']}", organization))
            case "connections", "connection":
                return facts(self.get("/stripe/connection", organization))
            case "connections", "settings":
                return facts(self.get("/settings/invoicing", organization))
            case "connections", "trial":
                return facts(self.get("/stripe/connection/test", organization))
            case "connections", "unknown_invoices":
                self.called("connections", "unknown_invoices", organization)
            case "connections", "act":
                return self._act(organization, *of["kind"].split("#")[1:])
            case "connections", kind:
                store_names = {"webhook": "webhook_check", "canary": "canary_run", "freeze": "platform_freeze"}
                self.called("connections", store_names[kind])
            case "oauth-states", _:
                self.called("connections", "authorization", of["state_hash"])
            case "claims", _:
                self._claim(*of["owner"].split("#"), *of["claim"].split("#"))
            case "payment-refs", _:
                self.called("invoices", "find_by_reference", of["account_id"], [of["stripe_id"]])
            case "events", _ if of["outcome"] == "canary":
                self.called("events", "canary", of["event_id"])
            case "events", _ if of["outcome"] == "parked":
                method = ("parked", 100) if "parked_key" in of else ("arrivals",)
                self.called("events", method[0], of["account_id"], *method[1:])
            case "events", _ if "invoice_key" in of:
                log = self._store("events").of_invoice(*of["invoice_key"].split("#"), 100, None)
                next(each for each in log.items if each.id == of["event_id"])
            case "events", _:
                self.called("events", "known", of["account_id"], [of["event_id"]])
            case "payments", _:
                self.called("payments", "find", organization, [of["movement_id"]])
            case "payouts", "payout":
                return facts(self.get(f"/payouts/{of['payout_key'].split('#')[1]}?first=100"))
            case "payouts", _:
                lines = self._store("payouts").all_lines(*of["payout_key"].split("#"))
                next(each for each in lines if of["place"].endswith(each.transaction.id))
            case "batches", kind:
                return self._batch(kind, organization, *of["place"].split("#")[1:])
            case "summaries", _:
                self.called("summaries", "tallies", organization, None)
            case "changes", place:
                self.called(
                    "changes", *(("end", organization) if place == "head" else ("after", organization, None, 200))
                )
        return None

    def _erasure(self, organization: str, customer: str) -> Any:
        """Returns the erasure of a customer that is in no list. A release without erasures has it as any other."""
        if "/v1/customers/{customerId}/erasure" not in self._app.routes:
            self.called("customers", "get", organization, customer)
            return None
        return facts(self.get(f"/customers/{customer}/erasure", organization))

    def _act(self, organization: str, about: str, *rest: str) -> Any:
        """Returns what was done in the second of an act. A release that keeps no acts shows none."""
        *customer, subject_id = rest
        path = {"settings": "/settings/invoicing", "connection": "/stripe/connection"}.get(
            about, f"/customers/{'/'.join(customer)}"
        )
        if not any(each.endswith("/invoicing/history") for each in self._app.routes):
            return None
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(subject_id[:13]) // 1000))
        acts = self.get(f"{path}/history?first=100", organization)["data"]
        return {"acts": facts([each for each in acts if each["at"] == at])}

    def _claim(self, owner: str, *words: str) -> None:
        match words:
            case account, "binding":
                self.called("connections", "organization_of", account)
            case "customer", account, stripe_id:
                self.called("customers", "holder_of", owner, account, stripe_id)
            case _, service:
                self.called("invoices", "holders", owner, [service])

    def _batch(self, kind: str, organization: str, first: str, *rest: str) -> Any:
        match kind:
            case "lane":
                self.called("batches", "pace", organization, int(first))
            case "part":
                self.called("batches", "part", organization, first, int(rest[0]))
            case "item":
                batch = self._store("batches").get(organization, first)
                self.called("batches", "items_at", batch, [int(rest[0])])
            case _:
                bills = self._store("batches").get(organization, first).kind == "invoices"
                return facts(self.get(f"/{'invoice-batches' if bills else 'customer-imports'}/{first}?first=100"))
        return None

    def _message(self, message: Json) -> None:
        if message["function"] is None:
            self._unpublished(message["record"]["body"])
        else:
            self.invoke(message["function"], [message["record"]])

    def _unpublished(self, body: str) -> None:
        """Reads an unpublished change. An operator runs the newest release, so a former release need not read it."""
        if "record" in (message := json.loads(body)):
            self.invoke("publish_changes", [self._here(message["record"])])
            return
        # The last release has another name for the module.
        with suppress(ImportError):
            from chalicelib.adapters import unpublished_changes

            unpublished_changes.unpublished_in(body)

    def _told(self, record: Json, end: str) -> Json:
        organization = record["dynamodb"]["NewImage" if "NewImage" in record["dynamodb"] else "OldImage"]
        if organization["organization_id"]["S"] != COMPANY:
            self.invoke("publish_changes", [self._here(record)])
            return {}
        self.invoke("publish_changes", [self._here(record)])
        change_types, end = self._feed_behind(end)
        return {"tells": change_types, "end": end}

    def _feed_behind(self, cursor: str | None) -> tuple[list[str], str]:
        change_types: list[str] = []
        while True:
            page = self.get("/changes?first=100" + (f"&after={cursor}" if cursor else ""))
            change_types += [each["type"] for each in page["data"]]
            cursor = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return change_types, str(cursor)

    def _here(self, record: Json) -> Json:
        return {**record, "eventSourceARN": record["eventSourceARN"].replace("{prefix}", self._prefix)}

    # What is written

    def save_closed(self) -> dict[str, int]:
        """Returns the status that each save of a customer gets whose erasure the other release was asked for."""
        body = {"firstName": "Flo", "email": "back@b.test"}
        return {each: self.http("PUT", f"/customers/{each}", body)[0] for each in CLOSED}

    def write(self) -> Json:
        """Changes one object of each kind that people change. Returns what each then shows, by its path."""
        customer, settings = self.get("/customers/cust_1"), self.get("/settings/invoicing")
        draft, unpaid = (
            self.get(f"/invoices?status={each}&first=1")["data"][0]["id"] for each in ("draft", "pending")
        )
        line = {"serviceId": f"svc_{time.time_ns()}", "description": "Cleaning", "quantity": 1, "unitPrice": "75.00"}
        written: list[str] = []
        for method, path, body, shown_at in (
            ("PUT", "/customers/cust_1", {**customer, "phone": "512 555 0142"}, "/customers/cust_1"),
            ("PUT", "/settings/invoicing", {**settings, "paymentWindow": 41}, "/settings/invoicing"),
            ("POST", f"/invoices/{draft}/void", None, f"/invoices/{draft}"),
            ("POST", f"/invoices/{unpaid}/mark-paid", {"method": "cash"}, f"/invoices/{unpaid}"),
            ("POST", "/invoices", {"customerId": "cust_1", "lineItems": [line]}, "/invoices/{id}"),
        ):
            status, answer = self.http(method, path, body)
            if status >= 300:
                raise RuntimeError(f"{method} {path} is answered {status} {answer}")
            written.append(shown_at.replace("{id}", str(answer.get("id"))))
        return {path: facts(self.get(path)) for path in written}


def facts(value: Any) -> Any:
    """Returns the part of an answer that is no sentence and no address: those are reworded now and then."""
    if isinstance(value, dict):
        values = {name: facts(each) for name, each in value.items() if not name.endswith("Cursor")}
        return {
            name: each for name, each in values.items() if not (isinstance(each, str) and re.search(r"\s|://", each))
        }
    return [facts(each) for each in value] if isinstance(value, list) else value


def put(prefix: str, entry: Json) -> None:
    """Stores an item as it was recorded."""
    import boto3

    boto3.client("dynamodb").put_item(TableName=prefix + entry["table"], Item=unpacked(entry["item"]))


def unpacked(item: Json) -> Json:
    """Returns an item of a fixture as DynamoDB takes it: bytes were kept as base64."""
    return {
        name: {"B": base64.b64decode(value["B"])} if isinstance(value.get("B"), str) else value
        for name, value in item.items()
    }


def _name(entry: Json) -> tuple[str, str]:
    return entry["table"], " ".join(entry["item"][name]["S"] for name in KEYS[entry["table"]])


def _outcome(do: Callable[[], Any]) -> Json:
    try:
        result = do()
    except Exception as error:  # noqa: BLE001 - whatever the other code raises is what is reported
        return {"error": f"{type(error).__name__}: {error}"}
    if result == {} or (isinstance(result, dict) and "tells" in result):
        return dict(result)
    return {} if result is None else {"shows": result}


def errors(results: Json) -> Iterable[str]:
    """Yields every part of a form that could not be read, with the reason."""
    for part, outcomes in results.items():
        yield from (f"{part} {name}: {each['error']}" for name, each in outcomes.items() if "error" in each)


def _context(function: str) -> Any:
    context_fields = {"function_name": function, "aws_request_id": "read", "memory_limit_in_mb": 1024}
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function}"
    return SimpleNamespace(**context_fields, invoked_function_arn=arn, get_remaining_time_in_millis=lambda: 60_000)


def main() -> None:
    """Reads the form on standard input, at the time at which it was recorded, and writes; the answer is a file."""
    request = json.load(sys.stdin)
    at = int(request["form"]["at"])  # it stands still, so that nothing that is shown depends on how long this takes
    time.time, time.time_ns = lambda: float(at), lambda: at * 1_000_000_000
    reader = Reader(request["prefix"])
    response = {"code": str(Path(sys.modules["app"].__file__ or "").parent), "read": reader.read(request["form"])}
    response |= {"written": reader.write(), "closed": reader.save_closed()}
    Path(request["answer"]).write_text(json.dumps(response))


if __name__ == "__main__":
    main()
