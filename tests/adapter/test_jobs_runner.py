"""Running jobs in this process, with a clock that the test moves: steps, retries, timeouts, rights, transactions."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapter.jobs.runner import Runner, _Try, is_alive, machine, new_holder
from adapter.jobs.scripts import Limits
from canonical.model import Activity, CustomField, Job, Party, User, Workflow
from canonical.model.module import FieldValue, ModuleField
from canonical.operations import Create, JobUpdate, Update
from canonical.query import Query, Sort
from canonical.service.core import CanonicalCore
from canonical.store.sql.store import SqlStore
from canonical.values import SECOND, Due, instant
from tests.support.jobs import Jobs, task
from tests.support.world import NOON, World, over_postgres


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Jobs]:
    with World(tmp_path) as world:
        yield Jobs(world)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    """For tests whose jobs all fail, and so leave nothing."""
    with World(tmp_path_factory.mktemp("shared")) as world:
        yield Jobs(world)


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: Any, tmp_path: Path) -> Iterator[Jobs]:
    with over_postgres(tmp_path) if request.param == "postgresql" else World(tmp_path) as world:
        yield Jobs(world)


def titles(made: Jobs, token: str = "ann-token") -> list[str]:
    return [found.title for found in made.world.desk(token).find(Activity, Query(sort=(Sort("id"),))).items]


# -- steps ------------------------------------------------------------------------------------------


def test_a_job_runs_its_tasks_in_order_and_is_ok(both: Jobs) -> None:
    job = both.run(
        task('crm.create("task", title="Call " + params["who"])\nlog("made")', "one"),
        task("", "nothing to do"),
        task('t = crm.find("task")[0]\nlog(crm.complete(t["id"])["state"])', "two"),
        job={"parameters": {"who": "Ann"}},
    )
    assert (job.status, job.started_at, job.ended_at, job.updated_at) == ("ok", NOON, NOON, NOON)
    assert both.log(job.id) == [
        {"time": "2014-06-01T08:00:00Z", "level": "info", "task": "one", "message": "made"},
        {"time": "2014-06-01T08:00:00Z", "level": "info", "task": "two", "message": "completed"},
    ]
    found = both.world.desk().find(Activity, Query()).items
    assert [(each.title, each.state, each.owner_username) for each in found] == [("Call Ann", "completed", "ann")]
    assert both.run_due() == 0


def test_what_a_job_did_stands_in_the_change_log_as_the_creators_doing(made: Jobs) -> None:
    made.run(task('crm.create("task", title="x")'))
    changes, _ = made.world.desk().changes("activity", ("create",), NOON)
    assert [(change.dialect, change.user_id) for change in changes] == [("job", made.world.principal().user_id)]


def test_a_job_of_a_workflow_without_bodies_is_left_alone(made: Jobs) -> None:
    job = made.run(task("", "by hand"))
    assert job.status == "queued"
    assert made.automation.announced
    made.world.write(lambda desk: desk.update_job(JobUpdate(job.id, "ok", log='{"done": 1}')))
    assert made.log(job.id) == [{"done": 1}]


def test_a_job_waits_for_its_start(made: Jobs) -> None:
    id = made.start(task('log("ran")'), job={"start_at": NOON + 90 * SECOND})
    assert (made.run_due(), made.job(id).status) == (0, "queued")
    made.wait(89)
    assert made.run_due() == 0
    made.wait(1)
    assert (made.run_due(), made.job(id).status, made.said(id)) == (1, "ok", ["ran"])


def test_a_queued_job_runs_its_workflow_as_it_is_when_it_starts_and_keeps_to_that(made: Jobs) -> None:
    workflow = made.workflow(task('fail("old")', retries=[10]))
    first = made.world.write(lambda desk: desk.create_job(Job(workflow_id=workflow.id))).id
    made.run_due()
    second = made.world.write(lambda desk: desk.create_job(Job(workflow_id=workflow.id))).id
    third = made.world.write(lambda desk: desk.create_job(Job(workflow_id=workflow.id, start_at=NOON + SECOND))).id
    newer = Workflow(workflow.id, "newer", (task('log("new")'),))
    made.world.write(lambda desk: desk.save_workflow(newer))
    made.run_due()
    assert made.job(second).status == "ok"
    made.world.write(lambda desk: desk.delete_workflow(workflow.id))
    made.wait(10)
    made.run_due()
    assert (made.job(first).status, made.said(first)) == ("error", ["line 1, column 1: fail: old"] * 2)
    assert (made.job(third).status, made.errors(third)) == ("error", ["the workflow is gone"])


# -- failing ----------------------------------------------------------------------------------------


def test_a_failed_step_keeps_nothing_and_says_why(both: Jobs) -> None:
    job = both.run(task('crm.create("task", title="x")\nlog("so far")\nfail("no luck")', "one"))
    assert job.status == "error"
    said, failed = both.log(job.id)
    assert said == {"time": "2014-06-01T08:00:00Z", "level": "info", "task": "one", "message": "so far"}
    assert failed == {**said, "level": "error", "message": "line 3, column 1: fail: no luck"}
    assert titles(both) == []
    assert both.world.desk().changes("activity", ("create",), NOON) == ([], 0)


def test_retries_come_after_their_delays_even_after_a_restart(made: Jobs) -> None:
    body = 'if len(crm.find("note")) < 1:\n  fail("not yet")\nlog("now")'
    id = made.start(task(body, retries=[5, 60, 600]))
    assert made.run_due() == 1
    made.wait(4.9)
    assert made.run_due() == 0
    made.wait(0.1)
    assert made.run_due() == 1
    assert made.job(id).status == "running"
    # The delay stands in the database: another store, another core, another runner.
    store = SqlStore(made.world.url)
    again = Runner(CanonicalCore(store), lambda: made.now, made.world.log)
    made.world.write(lambda desk: desk.create(Create(Activity, {"type": "note", "title": "n"})))
    made.wait(59.9)
    assert again.due() == []
    made.wait(0.1)
    assert [again.run(seen.tenant_id, seen.job_id) for seen in again.due()] == [True]
    store.close()
    assert made.job(id).status == "ok"
    assert made.said(id) == ["line 2, column 3: fail: not yet"] * 2 + ["now"]


def test_a_fallback_is_where_it_goes_on(made: Jobs) -> None:
    job = made.run(
        task('crm.create("task", title="never")\nfail("x")', "one", fallback="three"),
        task('log("skipped")', "two"),
        task('log("rescued", error)', "three"),
        task('log("and on")', "four"),
    )
    assert (job.status, made.said(job.id)) == ("ok", ["line 2, column 1: fail: x", "rescued null", "and on"])


def test_tasks_for_errors_run_when_the_job_has_failed_for_good(made: Jobs) -> None:
    job = made.run(
        task('fail("x")', retries=[0]),
        on_error=(task('fail("too")', "first"), task('crm.create("note", title="Failed: " + error)', "second")),
    )
    assert job.status == "error"
    assert titles(made) == ["Failed: line 1, column 1: fail: x"]
    assert made.errors(job.id) == ["line 1, column 1: fail: x"] * 2 + ["line 1, column 1: fail: too"]


@pytest.mark.slow
def test_a_task_times_out_and_may_be_tried_again(made: Jobs) -> None:
    job = made.run(task("x = 7\nfor i in range(60):\n  x = x * x", timeout=1), task("", "never"))
    assert (job.status, made.said(job.id)) == ("error", ["the script timed out after 1 s"])


def test_the_whole_job_times_out(made: Jobs) -> None:
    id = made.start(
        task('crm.create("note", title="before")', "one"),
        task('fail("x")', "two", retries=[50, 50], fallback="three"),
        task('log("three")', "three"),
        on_error=(task("log(error)"),),
        timeout=60,
    )
    made.run_due()
    made.wait(50)
    made.run_due()
    assert made.job(id).status == "running"
    made.wait(10)
    made.run_due()
    assert made.job(id).status == "error"
    assert made.said(id)[-2:] == ["the workflow timed out after 60 s"] * 2
    assert titles(made) == ["before"]


def test_a_script_that_ends_its_process_fails_only_its_step(made: Jobs) -> None:
    job = made.run(
        task('x = "a" * 1000000000', "one", fallback="two"),
        task('log("alive")', "two"),
    )
    assert (job.status, made.said(job.id)) == ("ok", ["the script ran out of memory", "alive"])


def test_too_many_calls(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        made = Jobs(world, Limits(calls=10))
        job = made.run(task('for i in range(11):\n  crm.create("note", title=str(i))'))
        assert made.said(job.id) == ["line 2, column 3: more than 10 calls of crm"]
        assert titles(made) == []


def test_a_log_has_an_end(made: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("canonical.service.jobs.MAX_LOGS", 5)
    job = made.run(task("for i in range(9):\n  log(i)\nfail('x')", retries=[0]))
    # The cause of a failure is told even then.
    assert made.said(job.id) == ["0", "1", "2", "3", *["line 3, column 1: fail: x"] * 2]


# -- cancelling and stopping ------------------------------------------------------------------------


def test_a_cancelled_job_goes_no_further(made: Jobs) -> None:
    id = made.start(task('fail("x")', retries=[5]), task('log("never")'), on_error=(task('log("nor this")'),))
    made.run_due()
    made.world.write(lambda desk: desk.cancel_job(id))
    made.wait(5)
    assert (made.run_due(), made.job(id).status, made.said(id)) == (0, "cancelled", ["line 1, column 1: fail: x"])


class _Interrupted(Runner):
    """Does `between` once, after a script's reads and before its transaction."""

    between: Any = None

    def _until_write(self, attempt: _Try, crm: Any) -> dict[str, Any] | None:
        message = super()._until_write(attempt, crm)
        if self.between is not None:
            between, self.between = self.between, None
            between()
        return message


def interrupted(made: Jobs, between: Any) -> _Interrupted:
    runner = _Interrupted(made.world.core, lambda: made.now, made.world.log)
    runner.between = between
    return runner


@pytest.mark.parametrize("writes", [True, False])
def test_cancelling_in_mid_step_undoes_the_step(made: Jobs, writes: bool) -> None:
    body = 'crm.create("task", title="x")\nlog("made")' if writes else 'log("made")'
    id = made.start(task(body), task('log("next")'))
    runner = interrupted(made, lambda: made.world.write(lambda desk: desk.cancel_job(id)))
    runner.run(made.world.principal().tenant_id, id)
    assert (made.job(id).status, made.said(id), titles(made)) == ("cancelled", [], [])


def test_what_a_script_read_is_still_so_when_it_writes(both: Jobs) -> None:
    """Two jobs count up the same note; one is overtaken between its read and its write."""
    note = both.world.write(lambda desk: desk.create(Create(Activity, {"type": "note", "title": "1"})))
    body = f"""
n = crm.get("note", {note.id})
log(n["title"])
crm.update("note", {note.id}, title=str(int(n["title"]) + 1))
"""
    first, second = both.start(task(body)), both.start(task(body))
    tenant = both.world.principal().tenant_id
    interrupted(both, lambda: both.runner().run(tenant, second)).run(tenant, first)
    assert titles(both) == ["3"]
    assert (both.said(second), both.said(first)) == (["1"], ["2"])
    assert both.job(first).status == "ok"


def test_a_script_that_is_overtaken_again_and_again_still_gets_there(made: Jobs) -> None:
    note = made.world.write(lambda desk: desk.create(Create(Activity, {"type": "note", "title": "0"})))
    body = f'n = crm.get("note", {note.id})\ncrm.update("note", {note.id}, title=n["title"] + "!")'
    id = made.start(task(body))
    count = 0

    class Overtaken(_Interrupted):
        def _until_write(self, attempt: _Try, crm: Any) -> dict[str, Any] | None:
            nonlocal count
            message = super()._until_write(attempt, crm)
            count += 1
            made.world.write(lambda desk: desk.update(Update(Activity, note.id, {"title": str(count)})))
            return message

    Overtaken(made.world.core, lambda: made.now, made.world.log).run(made.world.principal().tenant_id, id)
    assert (count, titles(made), made.job(id).status) == (4, ["4!"], "ok")


def test_a_worker_told_to_stop_gives_the_job_back_between_two_steps(made: Jobs) -> None:
    stop = threading.Event()
    id = made.start(task('crm.create("note", title="one")'), task('crm.create("note", title="two")'))
    runner = _Interrupted(made.world.core, lambda: made.now, made.world.log, stop=stop)
    runner.between = stop.set
    runner.run(made.world.principal().tenant_id, id)
    assert (made.job(id).status, titles(made)) == ("running", ["one"])
    assert [(seen.job_id, seen.holder) for seen in made.runner().due()] == [(id, None)]
    made.run_due()
    assert (made.job(id).status, titles(made)) == ("ok", ["one", "two"])


def test_a_job_somebody_works_on_is_not_taken_up_twice(made: Jobs) -> None:
    id = made.start(task('crm.create("note", title="one")'))
    tenant = made.world.principal().tenant_id
    taken: list[bool] = []
    runner = interrupted(made, lambda: taken.extend([made.runner().run(tenant, id), bool(made.runner().due())]))
    assert runner.run(tenant, id) is True
    assert (taken, titles(made)) == ([False, False], ["one"])


def test_after_its_lease_another_takes_over_and_the_first_can_do_no_harm(both: Jobs) -> None:
    id = both.start(task('crm.create("note", title="one")'), task('crm.create("note", title="two")'))
    tenant = both.world.principal().tenant_id

    def sleep_and_be_overtaken() -> None:
        both.wait(3600)
        assert both.run_due() == 1

    interrupted(both, sleep_and_be_overtaken).run(tenant, id)
    assert (both.job(id).status, titles(both)) == ("ok", ["one", "two"])


def test_holders_of_this_process_are_known_by_name() -> None:
    holder = new_holder()
    assert holder.startswith(machine())
    assert is_alive(holder)
    assert not is_alive(f"{holder[:-16]}{'0' * 16}")
    assert not is_alive(f"{machine()}999999999/5/x")
    assert not is_alive(f"{machine()}1/5/x")
    assert is_alive("elsewhere/pid:[1]/999999999/5/x")


def test_a_worker_that_nobody_has_buried_yet_is_dead_too() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        began = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19]
        holder = f"{machine()}{process.pid}/{began}/x"
        assert is_alive(holder)
        assert not is_alive(f"{machine()}{process.pid}/{int(began) + 1}/x")
        process.kill()
        while Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.01)
        assert not is_alive(holder)


@pytest.mark.slow
def test_answers_too_large_for_a_script_fail_the_call(made: Jobs) -> None:
    for number in range(5):
        made.world.write(lambda desk, number=number: desk.create(Create(Activity, {"body": str(number) * 900_000})))
    assert "the answer has more than 4000000 bytes" in made.said(made.run(task('crm.find("task")')).id)[0]
    assert made.run(task('crm.find("task", limit=4)')).status == "ok"


@pytest.mark.slow
def test_eight_threads_and_twenty_jobs(made: Jobs) -> None:
    ids = [made.start(task(f'crm.create("note", title="{number}")')) for number in range(20)]
    tenant = made.world.principal().tenant_id

    def work() -> None:
        for id in ids:
            made.runner().run(tenant, id)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(titles(made), key=int) == [str(number) for number in range(20)]
    assert {made.job(id).status for id in ids} == {"ok"}


# -- rights -----------------------------------------------------------------------------------------


def test_a_job_acts_with_its_creators_rights(made: Jobs) -> None:
    made.world.add_user("bob")
    secret = {"title": "Ann's", "visibility": "private"}
    hidden = made.world.write(lambda desk: desk.create(Create(Activity, secret)))
    body = f'log(len(crm.find("task")))\ncrm.update("task", {hidden.id}, title="Bob was here")'
    job = made.run(task(body), token="bob-token")
    assert job.status == "error"
    assert made.said(job.id)[0] == "0"
    assert f"there is no task {hidden.id}" in made.said(job.id)[1]
    assert titles(made) == ["Ann's"]


def test_a_job_sees_only_its_tenant(made: Jobs) -> None:
    made.world.add_tenant("other")
    made.world.add_user("bob", tenant="other")
    mine = made.world.write(lambda desk: desk.create(Create(Activity, {"title": "mine"})))
    id = made.start(task(f'log(crm.get("task", {mine.id}), crm.find("party"))'), token="bob-token")
    made.run_due()
    logs, _ = made.world.desk("bob-token").job_logs(id)
    assert logs[0].item["message"].startswith("null [")
    assert '"name": "bob"' in logs[0].item["message"]
    assert "Ann" not in logs[0].item["message"]


@pytest.mark.parametrize(
    ("change", "part"), [({"view_only": True}, "may only view"), ({"active": False}, "no longer active")]
)
def test_rights_are_those_that_the_creator_has_now(made: Jobs, change: dict[str, Any], part: str) -> None:
    made.world.add_user("bob")
    id = made.start(task('crm.create("task", title="x")'), token="bob-token")
    bob = made.world.principal("bob-token").user_id
    made.world.write(lambda desk: desk.update(Update(User, bob, change)))
    made.run_due()
    assert made.job(id).status == "error"
    assert part in made.said(id)[-1]
    assert titles(made) == []


# -- the crm of scripts -----------------------------------------------------------------------------


def test_records_and_their_fields(made: Jobs) -> None:
    body = """
company = crm.create("organisation", name="Fjord AS", annual_revenue=1500.5, employees=3, website="https://fjord.test")
person = crm.create("person", {"first_name": "Zoë", "last_name": "Lund", "organisation_id": company["id"]},
                    email="zoe@fjord.test", phone="+47 1", tags=["vip"], custom={"shoe": "38"})
buyer = {"kind": "organisation", "id": company["id"], "role": "buyer"}
task = crm.create("task", title="Call", due="2018-12-10", links=[person, buyer])
later = crm.create("meeting", title="Meet", due="2018-12-10T09:30:00+01:00", start_at="2018-12-10 08:30")
deal = crm.create("opportunity", title="Deal", amount=10, expected_close="2019-01-31")
crm.link("case", crm.create("case", title="Broken")["id"], "person", person["id"])
person = crm.update("person", person["id"], email="z@fjord.test", website="https://z.test", custom={"shoe": "39"})
log(json.encode([company["annual_revenue"], company["kind"], person["name"], person["email"], person["phone"],
    person["website"], person["tags"], person["custom"], task["due"], later["due"], later["start_at"], deal["amount"],
    [[link["kind"], link["role"], link["name"]] for link in task["links"]],
    crm.get("person", person["id"]) == person, crm.get("task", later["id"]),
    crm.get("meeting", str(later["id"]))["title"], crm.get("task", 99)]))
log([crm.complete(task["id"])["state"], crm.complete("opportunity", deal["id"])["state"]])
log(crm.find("user")[0]["username"])
"""
    job = made.run(task(body))
    assert made.errors(job.id) == []
    assert made.said(job.id)[0] == (
        '[1500.5,"organisation","Zoë Lund","z@fjord.test","+47 1","https://z.test",["vip"],{"shoe":"39"},"2018-12-10",'
        '"2018-12-10T08:30:00Z","2018-12-10T08:30:00Z",10,'
        '[["person","","Zoë Lund"],["organisation","buyer","Fjord AS"]],true,null,"Meet",null]'
    )
    assert made.said(job.id)[1:] == ['["completed", "won"]', "ann"]
    found = made.world.desk().find(Activity, Query(sort=(Sort("id"),))).items
    assert found[0].due == Due(instant(2018, 12, 10), True)
    assert made.world.desk().find(Party, Query(sort=(Sort("id"),))).items[1].annual_revenue == 1_500_500_000


def test_finding(made: Jobs) -> None:
    people = ("Žana", "Bor", "Cene")
    body = "".join(
        f'crm.create("person", first_name="{name}", employees={at}, email="{name}@x.test", custom={{"n": "{at}"}})\n'
        for at, name in enumerate(people)
    )
    body += """
p = crm.create("person", first_name="Dan", tags=["Gold"])
crm.create("task", title="late", due="2018-01-01", links=[p])
crm.create("task", title="soon", due="2018-01-02")
def names(where, **more):
    return [r["first_name"] or r["last_name"] for r in crm.find("person", where, **more)]
def titles(kind, where={}, **more):
    return [r["title"] for r in crm.find(kind, where, **more)]
log(names({"first_name": "zana"}), names({"first_name like": "%N%"}))
log(names({"employees >": 0}), names({"employees": None}))
log(names({"first_name in": ["bor", "dan"]}), names({"email like": "c%"}), names({"custom.n": "2"}))
log(names({"tag": "gold"}), names({}, sort="first_name desc", limit=2))
log(names({"user_id": None}, sort="id", limit=2, offset=1))
log(titles("task", {"due <": "2018-01-02"}), titles("activity", sort="due desc"))
log(titles("task", {"link": p}), titles("task", {"state !=": "open"}))
"""
    job = made.run(task(body))
    assert made.said(job.id) == [
        '["Žana"] ["Ann", "Žana", "Cene", "Dan"]',
        '["Bor", "Cene"] ["Ann", "Dan"]',
        '["Bor", "Dan"] ["Cene"] ["Cene"]',
        '["Dan"] ["Žana", "Dan"]',
        '["Bor", "Cene"]',
        '["late"] ["soon", "late"]',
        '["late"] []',
    ]


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ('crm.find("ghost")', "there is no kind ghost"),
        ("crm.find(1)", "a kind must be text"),
        ('crm.find("task", {"ghost": 1})', "crm.find: task has no field ghost"),
        ('crm.find("task", {"extras": 1})', "crm.find: task has no field extras"),
        ('crm.find("task", {"title <>": 1})', "crm.find: title <> is no condition"),
        ('crm.find("task", ["x"])', "crm.find: where must be a dictionary"),
        ('crm.find("task", {"title <": None})', "crm.find: title: None is neither more nor less than anything"),
        ('crm.find("task", {"title in": "x"})', "crm.find: title in: a list is needed"),
        ('crm.find("task", {"created_at >": "soon"})', "created_at: soon is no time; write 2018-12-10T09:30:00Z"),
        ('crm.find("task", sort="ghost")', "crm.find: task cannot be sorted by ghost"),
        ('crm.find("task", limit=1000)', "crm.find: limit must be a number from 0 to 200"),
        ('crm.find("task", limit="1")', "crm.find: limit must be a number from 0 to 200"),
        ('crm.find("task", bogus=1)', "crm.find: got an unexpected keyword argument 'bogus'"),
        ("crm.get()", "crm.get: missing a required argument: 'kind'"),
        ('crm.get("task", "x")', "an id must be a whole number"),
        ('crm.get("task", True)', "an id must be a whole number"),
        ('crm.create("task", bogus=1)', "task has no field bogus"),
        ('crm.create("task", version=1)', "task has no field version"),
        ('crm.create("task", id=1)', "id cannot be set"),
        ('crm.create("task", type="note")', "type cannot be set"),
        ('crm.create("task", title=1)', "title must be text"),
        ('crm.create("task", due="2018-02-30")', "due: 2018-02-30 is no time; write 2018-12-10T09:30:00Z"),
        ('crm.create("task", due="9999-12-31T23:59:59-10:00")', "due: 9999-12-31T23:59:59-10:00 is no time"),
        ('crm.create("task", state="done")', "crm.create: state: not a choice"),
        ('crm.create("task", priority=1.5)', "priority must be a whole number"),
        ('crm.create("task", priority=1 << 70)', "crm.create: priority: out of range"),
        ('crm.create("opportunity", title="x", amount=1e300)', "crm.create: amount: out of range"),
        ('crm.create("opportunity", title="x", expected_close="x")', "expected_close: x is no date; write 2018-12-10"),
        ('crm.create("task", links=[1])', "a link needs a record, or a dictionary with kind and id"),
        ('crm.create("task", links=[{"kind": "person", "id": 99}])', "crm.create: links: no party 99"),
        ('crm.create("task", tags="x")', "tags must be a list"),
        ('crm.create("user", username="eve", is_admin=True)', "crm.create: users are not made by scripts"),
        ('crm.update("user", 1, is_admin=True)', "crm.update: users are not changed by scripts"),
        ('crm.update("task", 99, title="x")', "there is no task 99"),
        ('crm.update("task", 1 << 70, title="x")', "an id must be a whole number"),
        ('crm.complete("person", 1)', "crm.complete: person cannot be completed"),
        ("crm.complete(99)", "there is no task 99"),
        ('crm.link("task", 99, "person", 1)', "there is no task 99"),
        ('crm.link("person", 1, "person", 99)', "there is no person 99"),
    ],
)
def test_what_is_asked_wrongly_is_told_at_its_line(shared: Jobs, call: str, reason: str) -> None:
    job = shared.run(task(f"x = 1\n{call}"))
    assert job.status == "error"
    assert shared.said(job.id)[0].startswith("line 2, column 1: ")
    assert reason in shared.said(job.id)[0]


def test_modules_of_the_tenant(made: Jobs) -> None:
    fields = [ModuleField("city"), ModuleField("size")]
    leads = made.world.write(lambda desk: desk.save_module(None, "Leads", fields))
    values = [FieldValue("city", "Kranj"), FieldValue("size", "9")]
    made.world.write(lambda desk: desk.create_module_record(leads.id, values))
    body = """
r = crm.create("Leads", city="Bled", size=12)
crm.create("leads", {"city": "Koper", "size": None})
r = crm.update("Leads", r["id"], size=True)
def cities(*args, **more):
    return [each["values"]["city"] for each in crm.find("Leads", *args, **more)]
log(r["kind"], r["values"], crm.get("Leads", r["id"])["values"] == r["values"], crm.get("Leads", 5))
log(cities(), cities({"city": "Bled"}), cities({"text": "k"}), cities({"size": "9", "text": "kra"}))
log(cities({"city": "nowhere"}), cities(limit=1, offset=1), cities({"size": ""}))
"""
    job = made.run(task(body))
    assert made.said(job.id) == [
        'Leads {"city": "Bled", "size": "1"} true null',
        '["Kranj", "Bled", "Koper"] ["Bled"] ["Kranj", "Koper"] ["Kranj"]',
        '[] ["Bled"] ["Koper"]',
    ]
    failed = made.run(task('crm.update("Leads", 5, city="x")'))
    assert "there is no Leads 5" in made.said(failed.id)[0]
    assert "must be text" in made.said(made.run(task('crm.create("Leads", city=["x"])')).id)[0]


def test_custom_fields_of_a_kind_are_seen(made: Jobs) -> None:
    made.world.write(lambda desk: desk.save_custom_field(CustomField("activity", "Colour")))
    job = made.run(task('log(crm.create("task", title="x", custom={"Colour": "red"})["custom"])'))
    assert made.said(job.id) == ['{"Colour": "red"}']


def test_an_unexpected_error_of_ours_fails_the_step_and_is_logged(made: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("adapter.jobs.crm.Crm._get", broken)
    job = made.run(task('crm.get("task", 1)'))
    assert (job.status, made.said(job.id)) == ("error", ["internal error: ZeroDivisionError"])
    assert any(line.get("error") == "ZeroDivisionError" for line in made.world.lines)
    assert "secret" not in str(made.world.lines)
