"""No cursor of the feed ever skips a change, whenever writers stop and whichever expired rows DynamoDB deletes.

Writers are threads of the real store over the embedded DynamoDB. Each waits before every request until the state
machine releases it, so it can stop between its read and its write for as long as an invocation can last. Expired rows
are deleted in any order and at any time. Readers have cursors of any age.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chalicelib.adapters.tables import TableChanges, change_rows, changes, database
from chalicelib.adapters.tables.change_rows import EXPIRES_AFTER
from chalicelib.adapters.tables.models import ChangeItem
from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.errors import CursorExpired, StaleWrite
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.retention import FEED
from tests.backends import Aws, aws
from tests.fakes import FakeClock

__all__ = ["aws"]

DAY = 86400
LONGEST_STOP = 15 * 60
"""The seconds after which AWS ends an invocation."""
ORGANIZATIONS = tuple(OrganizationId(f"org_{name}") for name in "ab")
BOTH = Difference((ChangeType.INVOICE_PAID, ChangeType.INVOICE_REFUNDED), "pending", "paid")
ONE = Difference((ChangeType.INVOICE_PAID,), "pending", "paid")

numbers = itertools.count()
_here = threading.local()


class Writer:
    """Appends changes in a separate thread, one request at a time."""

    def __init__(self, feed: TableChanges, changes: list[Change], now: int) -> None:
        self.since = now
        self.done = False
        self._turn, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(feed, changes), daemon=True)
        self._thread.start()
        self._wait()

    def run_one_request(self) -> None:
        """Releases the thread for one request, and returns when it stops before the next one."""
        self._turn.release()
        self._wait()

    def stop_here(self) -> None:
        """Stops the thread; it is called there before each request."""
        self._stopped.release()
        self._turn.acquire()

    def _wait(self) -> None:
        if not self._stopped.acquire(timeout=30):
            raise TimeoutError("the writer makes no request")
        if self._error is not None:
            raise self._error

    def _run(self, feed: TableChanges, changes: list[Change]) -> None:
        _here.writer = self
        try:
            feed.append(changes)
        except StaleWrite:
            pass  # others were faster each time, so AWS repeats the batch
        except Exception as error:  # noqa: BLE001 the machine raises it in its own thread
            self._error = error
        self.done = True
        self._stopped.release()


@dataclass
class Reader:
    """Reads the feed of one organization. `began` is the number of stored entries before its first cursor."""

    organization_id: OrganizationId
    cursor: str
    began: int
    read: list[str] = field(default_factory=list)


class Feed(RuleBasedStateMachine):
    """The feed under test. Entries are recorded in the order in which DynamoDB stores their rows."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.feed = TableChanges(self.clock)
        self.stored: dict[OrganizationId, list[tuple[str, int]]] = {each: [] for each in ORGANIZATIONS}
        self.writers: list[Writer] = []
        self.readers: list[Reader] = []
        self.known: dict[tuple[str, str], str] = {}
        with ChangeItem.batch_write() as batch:
            for item in ChangeItem.scan():
                batch.delete(item)

    @rule(organization_id=st.sampled_from(ORGANIZATIONS), count=st.integers(1, 3), both=st.booleans())
    def begin_to_write(self, organization_id: OrganizationId, count: int, both: bool) -> None:
        difference = BOTH if both else ONE
        changes = [
            Change(organization_id, ObjectKind.INVOICE, f"inv_{next(numbers)}", 1, self.clock.now(), difference)
            for _ in range(count)
        ]
        self.writers.append(Writer(self.feed, changes, self.clock.now()))

    @precondition(lambda self: self.writers)
    @rule(data=st.data(), requests=st.integers(1, 3))
    def continue_writing(self, data: st.DataObject, requests: int) -> None:
        self.let_write(data.draw(st.sampled_from(self.writers)), requests)
        self.writers = [each for each in self.writers if not each.done]

    def let_write(self, writer: Writer, requests: int) -> None:
        for _ in range(requests):
            if not writer.done:
                writer.run_one_request()
                self.note()

    @rule(seconds=st.sampled_from((1, 59, 61, LONGEST_STOP)))
    def wait_a_moment(self, seconds: int) -> None:
        self.pass_time(seconds)

    @rule(days=st.sampled_from((0.99, 1, 28, 29, 29.99, 30, 31, 31.99, 32, 33)))
    def wait(self, days: float) -> None:
        self.pass_time(round(days * DAY))

    @rule(
        organization_id=st.sampled_from(ORGANIZATIONS),
        before=st.integers(0, 3),
        behind=st.integers(0, 6),
        seconds=st.sampled_from((-59, 1, 2 * DAY)),
    )
    def let_all_rows_expire_between_two_writers(
        self, organization_id: OrganizationId, before: int, behind: int, seconds: int
    ) -> None:
        """A writer stops shortly before the newest row expires, and another one begins after all rows were
        deleted.
        """
        expiries = [at + EXPIRES_AFTER for _, at in self.stored[organization_id]]
        now = self.clock.now()
        if not expiries or expiries[-1] + seconds < now:
            return
        self.pass_time(expiries[-1] + seconds - now)
        self.begin_to_write(organization_id, 1, both=False)
        self.let_write(self.writers[-1], before)
        self.pass_time(60)
        for item in self.rows():
            if int(item["expires_at"]["N"]) <= self.clock.now():
                self.delete(item)
        self.begin_to_write(organization_id, 1, both=False)
        self.let_write(self.writers[-1], behind)
        self.read_from_the_end(organization_id)
        self.read_from_the_oldest(organization_id)
        self.writers = [each for each in self.writers if not each.done]

    def pass_time(self, seconds: int) -> None:
        """Lets time pass. A writer finishes, or AWS ends it, before it has been stopped for too long."""
        limit = self.clock.now() + seconds - LONGEST_STOP
        for writer in [each for each in self.writers if each.since < limit]:
            while not writer.done:
                writer.run_one_request()
                self.note()
            self.writers.remove(writer)
        self.clock.advance(seconds)

    @rule(data=st.data(), all_of_them=st.booleans())
    def delete_expired_rows(self, data: st.DataObject, all_of_them: bool) -> None:
        expired = [item for item in self.rows() if int(item["expires_at"]["N"]) <= self.clock.now()]
        for item in expired:
            if all_of_them or data.draw(st.booleans()):
                self.delete(item)

    def delete(self, item: dict[str, Any]) -> None:
        key = {name: item[name] for name in ("organization_id", "place")}
        database.connection().client.delete_item(TableName=ChangeItem.Meta.table_name, Key=key)

    @rule(organization_id=st.sampled_from(ORGANIZATIONS))
    def read_from_the_oldest(self, organization_id: OrganizationId) -> None:
        now, stored = self.clock.now(), self.stored[organization_id]
        readable_ids = [name for name, appended_at in stored if appended_at + FEED.seconds > now]
        page = self.feed.after(organization_id, None, 2)
        names = [entry.change.id_of(entry.type) for entry in page.entries]
        assert names == readable_ids[:2]
        assert page.has_more == (len(readable_ids) > 2)
        self.readers.append(Reader(organization_id, page.cursor, len(stored) - len(readable_ids), names))

    @rule(organization_id=st.sampled_from(ORGANIZATIONS))
    def read_from_the_end(self, organization_id: OrganizationId) -> None:
        stored = self.stored[organization_id]
        old = [name for name, appended_at in stored if appended_at <= self.clock.now() - changes.OVERLAP]
        self.readers.append(Reader(organization_id, self.feed.end(organization_id), len(old)))

    @precondition(lambda self: self.readers)
    @rule(data=st.data(), first=st.integers(1, 5))
    def read_on(self, data: st.DataObject, first: int) -> None:
        reader = data.draw(st.sampled_from(self.readers))
        self.read_page(reader, first)

    @precondition(lambda self: self.readers)
    @rule(data=st.data(), first=st.integers(1, 5))
    def keep_an_old_cursor(self, data: st.DataObject, first: int) -> None:
        reader = data.draw(st.sampled_from(self.readers))
        self.readers.append(Reader(reader.organization_id, reader.cursor, reader.began, list(reader.read)))

    def read_page(self, reader: Reader, first: int) -> None:
        unread_ids = [name for name, _ in self.stored[reader.organization_id]][reader.began + len(reader.read) :]
        try:
            page = self.feed.after(reader.organization_id, reader.cursor, first)
        except CursorExpired:
            self.readers.remove(reader)
            assert self.may_refuse(reader)
            return
        names = [entry.change.id_of(entry.type) for entry in page.entries]
        assert names == unread_ids[:first]
        assert page.has_more == (len(unread_ids) > first)
        reader.read += names
        reader.cursor = page.cursor

    def may_refuse(self, reader: Reader) -> bool:
        """Returns True if the cursor is older than the promised lifetime of cursors."""
        position = change_rows.position_in(reader.organization_id, reader.cursor)
        return self.clock.now() >= position.since + FEED.seconds + DAY

    def rows(self) -> list[dict[str, Any]]:
        items = database.connection().client.scan(TableName=ChangeItem.Meta.table_name, ConsistentRead=True)["Items"]
        return [item for item in items if item["place"]["S"] != change_rows.HEAD]

    def note(self) -> None:
        """Records the new rows. One request writes at most one row."""
        for item in self.rows():
            key = (item["organization_id"]["S"], item["place"]["S"])
            row = change_rows.row_of(item)
            assert self.known.get(key, row.change.object_id) == row.change.object_id, "a place was given twice"
            if key not in self.known:
                self.known[key] = row.change.object_id
                entries = [(row.change.id_of(each), row.appended_at) for each in row.types]
                self.stored[row.change.organization_id] += entries

    @invariant()
    def no_row_was_filled_in_before_another(self) -> None:
        for organization_id in ORGANIZATIONS:
            times = [appended_at for _, appended_at in self.stored[organization_id]]
            assert times == sorted(times)

    def teardown(self) -> None:
        for writer in self.writers:
            while not writer.done:
                writer.run_one_request()
                self.note()
        for reader in list(self.readers):
            while reader in self.readers and self.unread(reader):
                self.read_page(reader, 5)

    def unread(self, reader: Reader) -> int:
        return len(self.stored[reader.organization_id]) - reader.began - len(reader.read)


@contextmanager
def writers_that_stop() -> Iterator[None]:
    def stop(**_: Any) -> None:
        writer = getattr(_here, "writer", None)
        if writer is not None:
            writer.stop_here()

    events = database.connection().client.meta.events
    events.register_first("before-call.dynamodb", stop)
    try:
        yield
    finally:
        events.unregister("before-call.dynamodb", stop)


def paid_change(name: str) -> Change:
    return Change(ORGANIZATIONS[0], ObjectKind.INVOICE, name, 1, 0, ONE)


def test_a_writer_with_an_old_view_does_not_begin_an_earlier_epoch(aws: Aws) -> None:
    machine = Feed()
    with writers_that_stop():
        slow = Writer(machine.feed, [paid_change("slow")], 0)
        slow.run_one_request()
        quick = Writer(machine.feed, [paid_change("first")], 0)
        while not quick.done:
            quick.run_one_request()
        next_one = Writer(machine.feed, [paid_change("next")], 0)
        next_one.run_one_request()  # it has read the first row
        while not slow.done:
            slow.run_one_request()
        page = machine.feed.after(ORGANIZATIONS[0], None, 10)
        while not next_one.done:
            next_one.run_one_request()
        next_page = machine.feed.after(ORGANIZATIONS[0], page.cursor, 10)
    object_ids = [entry.change.object_id for entry in (*page.entries, *next_page.entries)]
    assert object_ids == ["first", "slow", "next"]


def test_the_times_of_rows_never_decrease(aws: Aws) -> None:
    machine = Feed()
    machine.feed.append([paid_change("a")])
    machine.clock.set(machine.clock.now() - 3600)  # another Lambda's clock is behind
    machine.feed.append([paid_change("b")])
    rows = sorted((row["place"]["S"], row["expires_at"]["N"]) for row in machine.rows())
    assert len(rows) == 2
    assert rows[0][1] == rows[1][1]


def test_a_cursor_never_skips_a_change_when_writers_stop_or_rows_expire(aws: Aws) -> None:
    with writers_that_stop():
        run_state_machine_as_test(
            Feed,
            settings=settings(
                max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
