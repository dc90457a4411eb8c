"""The run: reads every record of the source and makes the target say it, once each, however often it is begun.

A dry run is this very run against a rehearsal of the target, with a copy of the ledger in memory.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from adapter.client import KINDS, can, record_of
from adapter.migrate import compare
from adapter.migrate.documents import BadDocument, digest, document, rebuilt
from adapter.migrate.ledger import SENDING, STATES, Entry, Ledger, Loss, Quarantined
from adapter.migrate.matching import keys_of
from adapter.migrate.merging import Merger, stamp
from adapter.migrate.people import Crowd, People
from adapter.migrate.plan import Plan
from adapter.migrate.sides import Given, Made, Side, Unreadable
from adapter.migrate.telling import Refused, Teller, Told
from canonical.errors import CanonicalError, NotFound, Unsupported
from canonical.model import CustomField, Party, Record, User
from canonical.operations import AddLink, Create, FindCustomFields, FindTags, Get, NewLink, SaveCustomField, Update
from canonical.values import SECOND, Instant, Ref

BATCH: Final = 100
_HOLDERS: Final = ("party", "opportunity", "case", "activity")
OVERLAP: Final = 120 * SECOND
"""How far before a run's start records are asked for again: clocks differ."""
Pending = tuple[Entry, Told, Record]


class Run:
    """One run of a plan, from wherever the last one ended. `progress` hears of every record: kind, how many so far."""

    def __init__(
        self,
        plan: Plan,
        source: Side,
        target: Side,
        ledger: Ledger,
        now: Callable[[], Instant],
        progress: Callable[[str, int], None] = lambda kind, count: None,
    ) -> None:
        self.plan = plan
        self.source = source
        self.target = target
        self.ledger = ledger
        self.now = now
        self.progress = progress
        self.crowd = Crowd(People(), People(), plan.users)
        self.teller = Teller(plan, source.traits, target.traits, self.crowd, ledger, source.written_id, self._unfiled)
        self.merger = Merger(target, plan)
        self.number = 0
        self._parties: dict[str, int] = {}
        self._tags: set[str] = set()

    def go(self, kinds: Sequence[str], limit: int | None = None, *, since_last: bool = False) -> None:
        """Raises `Gone` when a side stops answering. With `since_last` only what the last run cannot have seen."""
        self.prepare(kinds)
        since = {kind: self._last(kind) if since_last else None for kind in kinds if kind in KINDS}
        for kind in kinds:
            if kind in KINDS:
                self.move(kind, limit, since[kind])
            elif kind == "custom_field":
                self._custom_fields()
        self._settle()
        if "tag" in kinds:
            self._count_tags()
        if limit is None:
            self._note_whole(since)
        self.finish()

    def _last(self, kind: str) -> Instant:
        """Since when the source's records of a kind are to be asked for. Raises `Unreadable` where none were read."""
        text = self.ledger.meta(f"whole.{kind}")
        if not text:
            raise Unreadable(f"{kind}: was never read to the end; run the plan without --since-last")
        return int(text) - OVERLAP

    def _note_whole(self, kinds: Iterable[str]) -> None:
        """Whatever changes from the beginning of this run on is a later run's, be it that this one saw it too."""
        last = self.ledger.last_run()
        if last is not None:
            for kind in kinds:
                self.ledger.set_meta(f"whole.{kind}", str(last[1]))

    def prepare(self, kinds: Sequence[str], *, again: bool = False) -> None:
        """Who is whom, what the target had before, and what became of that which was being sent.

        `again` goes on with the last run, ended or not.
        """
        self._meet()
        last = self.ledger.last_run()
        self.number = last[0] if again and last is not None else self.ledger.begin(self.now())
        self._know(kinds)
        self._find_unanswered()

    def retry(self, kinds: Sequence[str], held: Sequence[Quarantined]) -> None:
        """Tries again what was set aside, as part of the run that set it aside."""
        self.prepare(kinds, again=True)
        for each in held:
            entry = self.ledger.get(each.kind, each.source_id)
            if entry is None:
                continue
            entry.run = 0
            self.ledger.put(entry)
            try:
                record = rebuilt(each.kind, each.record)
            except BadDocument as error:
                self._aside(entry, str(error), each.record)
                continue
            self.take(each.kind, [record])
        self._settle()

    def finish(self) -> None:
        losses = [(*loss, count) for loss, count in self.source.losses.counts().items()]
        self.ledger.end(self.number, self.now(), losses)

    # -- before anything is moved -------------------------------------------------------------------

    def _meet(self) -> None:
        for side, people in ((self.source, self.crowd.source), (self.target, self.crowd.target)):
            if can(side.traits, "user", "list") is not None:
                for batch in side.pull("user"):
                    people.add(user for user in batch.records if isinstance(user, User))

    def _know(self, kinds: Sequence[str]) -> None:
        """Remembers, once, what the target had before this migration touched it."""
        for kind in kinds:
            if kind not in KINDS or kind == "user" or self.ledger.meta(f"known.{kind}"):
                continue
            names = self.plan.match.get(kind, ())
            if can(self.target.traits, kind, "list") is not None and (names or not self.target.traits.keeps_keys):
                canon = record_of(kind).KIND
                for batch in self.target.pull(kind):
                    with self.ledger.step():
                        for record in batch.records:
                            if not self.ledger.knows_target(canon, str(record.id)):
                                self.ledger.know(canon, str(record.id), keys_of(record, names))
            self.ledger.set_meta(f"known.{kind}", "yes")
        if "tag" in kinds and not self.ledger.meta("known.tag"):
            try:
                tags = [tag.name for tag in self.target.perform(FindTags())]
            except Unsupported:
                tags = []
            with self.ledger.step():
                for name in tags:
                    self.ledger.know("tag", name.casefold(), ())
                self.ledger.set_meta("known.tag", "yes")

    def _find_unanswered(self) -> None:
        """Looks on the target for what was sent when the last run was killed: it is not sent twice."""
        open_ = list(self.ledger.entries(state=SENDING))
        if not open_:
            return
        if self.target.traits.keeps_keys:
            found = self.target.made([_key(entry) for entry in open_])
            for entry in open_:
                self._recovered(entry, found.get(_key(entry)))
            return
        for canon in dict.fromkeys(entry.canon for entry in open_):
            wanted = [entry for entry in open_ if entry.canon == canon]
            for id, record in self._listed(canon, min(entry.at for entry in wanted) - OVERLAP):
                if not wanted:
                    break
                if self.ledger.knows(canon, str(id)) or self.ledger.knows_target(canon, str(id)):
                    continue
                # Tags, custom values and links may have been on their way still: the merger adds what is missing.
                same = next((entry for entry in wanted if _same(entry.expected, record)), None)
                if same is not None:
                    wanted.remove(same)
                    self._recovered(same, id)
            for entry in wanted:
                self._recovered(entry, None)

    def _recovered(self, entry: Entry, id: int | None) -> None:
        entry.target_id = "" if id is None else str(id)
        entry.state = "found" if id is not None else "lost"
        # In no run: the record is taken up again when it is read.
        entry.run = 0
        entry.made = id is not None
        self.ledger.put(entry)

    def _listed(self, canon: str, since: Instant) -> Iterator[tuple[int, Record]]:
        for kind in KINDS:
            row = can(self.target.traits, kind, "list")
            if row is not None and canon == record_of(kind).KIND:
                for batch in self.target.pull(kind, since if row.since else None):
                    for record in batch.records:
                        yield record.id, record

    # -- one kind -----------------------------------------------------------------------------------

    def move(self, kind: str, limit: int | None, changed: Instant | None = None) -> None:
        """All records of a kind, or those that changed since `changed` where the source can be asked so."""
        row = can(self.source.traits, kind, "list")
        if row is None:
            return
        changed = changed if row.since else None
        records: Iterator[Record] = (record for batch in self.source.pull(kind, changed) for record in batch.records)
        if limit is not None:
            records = itertools.islice(records, limit)
        count = 0
        while batch := list(itertools.islice(records, BATCH)):
            self.take(kind, batch)
            count += len(batch)
            self.progress(kind, count)
        if row.since and limit is None:
            # What changed while pages were turned.
            last = self.ledger.last_run()
            since = (self.now() if last is None else last[1]) - OVERLAP
            again = (record for part in self.source.pull(kind, since, again=True) for record in part.records)
            while batch := list(itertools.islice(again, BATCH)):
                self.take(kind, batch)

    def take(self, kind: str, records: Iterable[Record]) -> None:
        """Makes the target say these records."""
        pending: list[Pending] = []
        for record in records:
            prepared = self._prepare(kind, record)
            if prepared is not None:
                pending.append(prepared)
        if pending:
            self._send(pending)

    def _prepare(self, kind: str, record: Record) -> Pending | None:
        """What is to be created; everything else is done at once."""
        canon = record.KIND
        source_id = self.source.written_id(canon, record.id)
        corrected = self.ledger.edited(kind, source_id)
        if corrected is not None:
            try:
                record = rebuilt(kind, corrected)
            except BadDocument as error:
                self._aside(Entry(kind, source_id, canon), str(error), corrected)
                return None
        hash = digest(record)
        before = self.ledger.get(kind, source_id)
        if before is not None and before.run == self.number and before.state in STATES and before.hash == hash:
            return None
        entry = Entry(kind, source_id, canon, hash=hash, run=self.number, at=self.now())
        if before is not None:
            entry.attempt = before.attempt
            if before.target_id and before.hash == hash and before.state in ("created", "updated", "unchanged"):
                entry.target_id, entry.made = before.target_id, before.made
                entry.expected, entry.prior, entry.losses = before.expected, before.prior, before.losses
                entry.state = "unchanged"
                self.ledger.put(entry)
                return None
        if isinstance(record, User):
            return self._user(entry, record)
        try:
            told = self.teller.tell(kind, record)
        except Refused as error:
            self._aside(entry, str(error), document(record))
            return None
        except CanonicalError as error:
            self._aside(entry, _reason(error), document(record))
            return None
        if told is None:
            entry.state, entry.losses = "skipped", (("*", "no_such_kind", 1),)
            self.ledger.put(entry)
            return None
        entry.expected, entry.losses = told.expected, tuple(told.losses)
        if before is not None and before.target_id and before.state in ("created", "updated", "unchanged", "found"):
            self._change(entry, told, record, before)
            return None
        matched = self._matched(kind, record)
        if matched:
            self._change(entry, told, record, None, matched)
            return None
        return entry, told, record

    def _matched(self, kind: str, record: Record) -> str:
        """The one record that the target had before, that has a key of this one and that no other was matched with."""
        names = self.plan.match.get(kind, ())
        if not names:
            return ""
        for key in keys_of(record, names):
            found = self.ledger.matching(record.KIND, key)
            if len(found) == 1 and not self.ledger.knows_target(record.KIND, found[0]):
                return found[0]
        return ""

    def _user(self, entry: Entry, user: User) -> Pending | None:
        found = self.crowd.counterpart(user)
        if found is not None:
            entry.target_id, entry.state = str(found.id), "unchanged"
            self.ledger.put(entry)
            self._known_as(entry, user, found)
            return None
        told = self.teller.tell("user", user)
        if told is None:
            entry.state, entry.losses = "skipped", (("*", "no_call", 1),)
            self.ledger.put(entry)
            return None
        entry.expected, entry.losses = told.expected, tuple(told.losses)
        return entry, told, user

    # -- writing ------------------------------------------------------------------------------------

    def _send(self, pending: Sequence[Pending]) -> None:
        with self.ledger.step():
            for entry, _, _ in pending:
                entry.state, entry.attempt = SENDING, entry.attempt + 1
                self.ledger.put(entry)
        vendor = bool(self.source.traits.dialect)
        given = [
            Given(_key(entry), told.operation, self.source.written_id(entry.canon, record.id) if vendor else "")
            for entry, told, record in pending
        ]
        for (entry, told, record), made in zip(pending, self.target.create_many(given), strict=True):
            self._done(entry, told, record, made)

    def _done(self, entry: Entry, told: Told, record: Record, made: Made) -> None:
        if made.error is not None:
            self._aside(entry, _reason(made.error), document(record))
            return
        entry.target_id, entry.state, entry.made = str(made.id), "created", True
        entry.losses = _with(entry.losses, made.losses)
        self._finished(entry, told)
        if made.collision:
            self.ledger.collided(entry.kind, entry.source_id, made.collision)
        if isinstance(record, User):
            user = self._new_user(made.id, record)
            self.crowd.target.add([user])
            self._known_as(entry, record, user)

    def _new_user(self, id: int, record: User) -> User:
        try:
            found: User = self.target.perform(Get(User, id))
        except CanonicalError:
            found = User(id=id, username=record.username, email=record.email)
        return found

    def _known_as(self, entry: Entry, user: User, found: User) -> None:
        """The source's clients go on knowing a user and his contact card by their old ids."""
        self._alias(entry, entry.canon, user.id, found.id)
        if user.person_id and found.person_id:
            self._alias(entry, Party.KIND, user.person_id, found.person_id)

    def _alias(self, entry: Entry, canon: str, old: int, id: int) -> None:
        if self.source.traits.dialect:
            done = self.target.alias(canon, self.source.written_id(canon, old), id)
            if done:
                self.ledger.collided(entry.kind, entry.source_id, done)

    def _finished(self, entry: Entry, told: Told) -> None:
        with self.ledger.step():
            self.ledger.put(entry)
            self.ledger.release(entry.kind, entry.source_id)
            for field, canon, ref in told.deferred:
                self.ledger.defer(entry.kind, entry.source_id, field, canon, ref)
            for field, name in told.dangling:
                self.ledger.dangle(entry.kind, entry.source_id, field, name)
            for tag in told.operation.tags:
                self._tag(tag)

    def _change(self, entry: Entry, told: Told, record: Record, before: Entry | None, matched: str = "") -> None:
        """Makes a record of the target say what this one says; `before` is what it was told last."""
        entry.target_id = before.target_id if before is not None else matched
        entry.made = before is not None and before.made
        entry.prior = dict(before.prior) if before is not None else {}
        try:
            changed = self.merger.merge(entry, told, before)
        except Refused as error:
            self._aside(entry, str(error), document(record))
            return
        except CanonicalError as error:
            self._aside(entry, _reason(error), document(record))
            return
        if before is not None and before.state == "found":
            entry.state = "created"
        elif changed:
            entry.state = "updated"
        else:
            entry.state = "unchanged"
        self._finished(entry, told)
        if matched:
            self._alias(entry, entry.canon, record.id, int(matched))

    def _aside(self, entry: Entry, reason: str, record: dict[str, Any]) -> None:
        entry.state, entry.run = "quarantined", self.number
        with self.ledger.step():
            self.ledger.put(entry)
            self.ledger.set_aside(entry.kind, entry.source_id, reason, record)

    # -- afterwards ---------------------------------------------------------------------------------

    def _settle(self) -> None:
        """The second pass: references to what came later."""
        while rows := self.ledger.deferred():
            for kind, source_id, field, canon, ref in rows:
                entry = self.ledger.get(kind, source_id)
                found = self.ledger.target_of(canon, ref)
                if entry is not None and entry.target_id:
                    if found:
                        self._refer(entry, field, canon, int(found))
                    else:
                        entry.losses = _with(entry.losses, ((field.partition(".")[0], "dangling", 1),))
                        self.ledger.dangle(kind, source_id, field, f"{canon} {ref}")
                with self.ledger.step():
                    if entry is not None:
                        self.ledger.put(entry)
                    self.ledger.settle(kind, source_id, field, ref)

    def _refer(self, entry: Entry, field: str, canon: str, target: int) -> None:
        kind = record_of(entry.kind)
        name, _, role = field.partition(".")
        try:
            if name == "links":
                self.target.perform(AddLink(Ref(kind.KIND, int(entry.target_id)), NewLink(Ref(canon, target), role)))
                entry.expected.setdefault("links", []).append([canon, str(target), role])
                self._restamp(entry, kind)
            else:
                row = can(self.target.traits, entry.kind, "update")
                if row is None or name not in row.fields:
                    raise Unsupported(name)
                values = {name: target, **_typed(entry)}
                self.target.perform(Update(kind, int(entry.target_id), values))
                entry.expected[name] = target
        except CanonicalError:
            entry.losses = _with(entry.losses, ((name, "not_said", 1),))

    def _restamp(self, entry: Entry, kind: type[Record]) -> None:
        row = can(self.target.traits, entry.kind, "update")
        told = stamp(entry.expected, row) if row is not None else {}
        if "updated_at" in told:
            told["updated_at"] *= SECOND
            self.target.perform(Update(kind, int(entry.target_id), {**told, **_typed(entry)}))

    def _unfiled(self, name: str) -> int:
        """The target's person of that name, for what is about nobody; made once."""
        if name in self._parties:
            return self._parties[name]
        entry = self.ledger.get("person", f"default {name}")
        if entry is None or not entry.target_id or entry.state == SENDING:
            entry = Entry("person", f"default {name}", Party.KIND, state=SENDING, at=self.now())
            operation: Create[Any] = Create(Party, {"type": "person", "last_name": name})
            entry.expected = compare.said(operation)
            self.ledger.put(entry)
            made = next(iter(self.target.create_many([Given(_key(entry), operation)])))
            if made.error is not None:
                raise made.error
            entry.target_id, entry.state, entry.made = str(made.id), "default", True
            self.ledger.put(entry)
        self._parties[name] = int(entry.target_id)
        return self._parties[name]

    def _tag(self, name: str) -> None:
        folded = name.casefold()
        if folded in self._tags:
            return
        self._tags.add(folded)
        before = self.ledger.get("tag", name)
        there = self.ledger.knows("tag", folded) or (before is not None and before.run != self.number)
        if before is None or before.run != self.number:
            state = "unchanged" if there else "created"
            self.ledger.put(Entry("tag", name, "tag", name, state=state, run=self.number, made=not there))

    def _count_tags(self) -> None:
        """Tags of records that stayed as they were."""
        for entry in self.ledger.entries(run=self.number):
            for name in entry.expected.get("tags", ()):
                self._tag(name)

    def _custom_fields(self) -> None:
        """Definitions; a target that keeps none still takes values."""
        for canon in _HOLDERS:
            try:
                fields = self.source.perform(FindCustomFields(canon))
            except (Unsupported, NotFound):
                continue
            try:
                there = {(field.group, field.name) for field in self.target.perform(FindCustomFields(canon))}
            except (Unsupported, NotFound):
                there = set()
            for field in fields:
                self._custom_field(canon, field, (field.group, field.name) in there)

    def _custom_field(self, canon: str, field: CustomField, there: bool) -> None:
        source_id = f"{canon}/{field.group}/{field.name}"
        before = self.ledger.get("custom_field", source_id)
        if before is not None and before.run == self.number:
            return
        entry = Entry("custom_field", source_id, "custom_field", source_id, state="unchanged", run=self.number)
        if not there:
            try:
                self.target.perform(
                    SaveCustomField(
                        CustomField(
                            canon, field.name, field.label, field.type, field.group, 0, field.position, field.options
                        )
                    )
                )
                entry.state, entry.made = "created", True
            except Unsupported:
                entry.state, entry.target_id = "skipped", ""
                entry.losses = (("definition", "no_call", 1),)
            except CanonicalError as error:
                self._aside(entry, _reason(error), {"kind": canon, "name": field.name, "type": field.type})
                return
        elif before is not None and before.made:
            entry.made = True
        self.ledger.put(entry)


def _key(entry: Entry) -> str:
    return f"{entry.kind}/{entry.source_id}"


def _typed(entry: Entry) -> dict[str, Any]:
    return {"type": entry.expected["type"]} if "type" in entry.expected else {}


def _same(expected: dict[str, Any], record: Any) -> bool:
    """Whether a record of the target is the one that was being made: its own fields say the same."""
    fields = [name for name in expected if name not in compare.PARTS and name != "type" and hasattr(record, name)]
    got = compare.heard(record, [name for name in fields if name in _TELLING])
    return bool(got) and not compare.differing(expected, got)


_TELLING: Final = ("title", "name", "first_name", "last_name", "party_id", "organisation_id", "start_at", "due_at")
"""What a record is told by before all of it has arrived."""


def _with(losses: Iterable[Loss], more: Iterable[Loss]) -> tuple[Loss, ...]:
    return (*losses, *more)


def _reason(error: CanonicalError) -> str:
    return str(error) or type(error).__name__
