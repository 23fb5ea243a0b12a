"""A front end reloads a list that has not changed, and two people save the same customer."""

from __future__ import annotations

from infra.demo import reading
from infra.demo.acts.reviewing import HAL
from infra.demo.acts.scene import Scene

LIST = "/invoices?status=unpaid&totals=true"


def reload_a_list(scene: Scene) -> None:
    """Reloads a list that has not changed. The response has no body."""
    say, office = scene.narrator, scene.office
    say.quotes("Pending - Invoice sent, awaiting payment.")
    scene.world.wait_until_delivered()
    scene.stack.wait_until_idle()
    first_response = office.call("GET", LIST)
    say.does("GET /v1/invoices?status=unpaid&totals=true")
    rows = [reading.invoice_row(each) for each in first_response.json["data"][:3]]
    say.table("The newest", reading.INVOICE_COLUMNS, rows)
    [pending] = [each["byStatus"]["pending"] for each in office.get("/summary")["data"]]
    expected_totals = f"{pending['count']} over {pending['total']} USD"
    say.expects("The summary has the same total", reading.totals(first_response.json), expected_totals)
    second_response = office.call("GET", LIST, if_none_match=first_response.tag)
    say.does("the same request again, with the ETag of the response in If-None-Match")
    say.expects("Status, because nothing has changed", second_response.status, 304)
    say.expects(f"Characters sent, instead of {len(first_response.text)}", len(second_response.text), 0)


def save_the_same_customer(scene: Scene) -> None:
    """Has two people save a form that both opened. The second one does not overwrite the first one's data."""
    say, path = scene.narrator, f"/customers/{HAL.id}"
    say.quotes("Customer updates sync in real-time.")
    tag = scene.office.call("GET", path).tag
    first = scene.office.call("PUT", path, {**HAL.body, "phone": "+1 555 0101"}, if_match=tag)
    second = scene.admin.call("PUT", path, {**HAL.body, "phone": "+1 555 0102"}, if_match=tag)
    say.does(f"PUT /v1/customers/{{id}} by two people who had opened {HAL.name} at the same time")
    say.expects("The first one", first.status, 200)
    say.expects("The second one", second.status, 412)
    say.expects("The response has the phone that the first one saved", second.json["stored"]["phone"], "+1 555 0101")
    say.notes(second.json["error"]["message"])
