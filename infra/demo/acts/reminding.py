"""Days pass, and the only customer who has not paid is reminded."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from infra.demo.acts.scene import DAN, Scene
from infra.demo.acts.setting_up import REMINDED_BEFORE, ZONE


def wait_for_a_reminder(scene: Scene) -> None:
    say = scene.narrator
    invoice = scene.office.get(f"/invoices/{scene.invoices[DAN.id]}")
    say.chapter("Payment reminders")
    say.quotes("Auto-reminders - Enable payment reminder emails through Stripe.")
    day = dt.date.fromisoformat(invoice["dueDate"]) - dt.timedelta(days=REMINDED_BEFORE)
    morning = dt.datetime.combine(day, dt.time(10), ZoneInfo(ZONE))
    days = round((morning.timestamp() - scene.clock.now()) / 86_400)
    scene.clock.skip_to(morning.timestamp())
    scene.stack.fire("plan_day")
    scene.stack.wait_until_idle()
    say.does(f"let {days} days pass, on POM's clock and on Stripe's, and the hourly schedule run")
    mails = scene.world.mails(scene.owner.account_id)
    reminder_mails = [mail for mail in mails if mail["kind"] == "reminder"]
    say.expects(
        "The one customer who has not paid was reminded", ", ".join(mail["to"] for mail in reminder_mails), DAN.email
    )
    for mail in reminder_mails:
        say.expects("The e-mail has the same link as POM", mail["link"] == invoice["paymentUrl"], True)
        say.letter(mail["from"], mail["subject"], mail["text"])
    history = scene.office.get(f"/invoices/{invoice['id']}/history")["data"]
    rows = [entry for entry in history if entry["kind"] == "reminded"]
    say.expects("The history has the reminder", len(rows), 1)
    scene.shows(rows)
