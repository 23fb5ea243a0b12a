"""A front end asks again for what it has, and two people save the same customer."""

from __future__ import annotations

from infra.demo import reading
from infra.demo.acts.reviewing import HAL
from infra.demo.acts.scene import Scene

LIST = "/invoices?status=unpaid&totals=true"


def ask_again(scene: Scene) -> None:
    """A list that has not changed costs no bytes."""
    say, office = scene.teller, scene.office
    say.says("Pending - Invoice sent, awaiting payment.")
    scene.world.wait_until_delivered()
    scene.stack.wait_until_idle()
    asked = office.call("GET", LIST)
    say.does("GET /v1/invoices?status=unpaid&totals=true")
    shown = [reading.invoice_row(each) for each in asked.json["data"][:3]]
    say.table("The newest", reading.INVOICE_COLUMNS, shown)
    [pending] = [each["byStatus"]["pending"] for each in office.get("/summary")["data"]]
    expected = f"{pending['count']} over {pending['total']} USD"
    say.sees("They come to what the summary says", reading.totals(asked.json), expected)
    again = office.call("GET", LIST, if_none_match=asked.tag)
    say.does("the same again, with the ETag of the answer in If-None-Match")
    say.sees("Nothing has changed", again.status, 304)
    say.sees(f"Characters sent, instead of {len(asked.text)}", len(again.text), 0)


def save_at_once(scene: Scene) -> None:
    """The second of two people who have the same form open does not overwrite what the first one saved."""
    say, path = scene.teller, f"/customers/{HAL.id}"
    say.says("Customer updates sync in real-time.")
    tag = scene.office.call("GET", path).tag
    first = scene.office.call("PUT", path, {**HAL.body, "phone": "+1 555 0101"}, if_match=tag)
    second = scene.admin.call("PUT", path, {**HAL.body, "phone": "+1 555 0102"}, if_match=tag)
    say.does(f"PUT /v1/customers/{{id}} by two people who had opened {HAL.name} at the same time")
    say.sees("The first one", first.status, 200)
    say.sees("The second one", second.status, 412)
    say.sees("It comes with the phone that the first one saved", second.json["stored"]["phone"], "+1 555 0101")
    say.tells(second.json["error"]["message"])
