"""Workflows and jobs in the core: what is stored, how states move, who may take a job up, what follows a step."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from canonical.errors import Denied, Invalid, NotFound, UnknownReference, Unsupported
from canonical.model import Job, Workflow, WorkflowTask
from canonical.operations import JobUpdate
from canonical.query import Window
from canonical.service import jobs
from canonical.service.jobs import Failure, LeaseLost, Run, after
from canonical.store.port import SYSTEM
from canonical.values import DAY, SECOND
from tests.support.jobs import Jobs
from tests.support.world import NOON, World, over_postgres

TWO = (WorkflowTask("first", "log(1)", "second", (1, 2), 3), WorkflowTask("second", "log(2)"))
LEASE = 60 * SECOND


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: Any, tmp_path: Path) -> Iterator[World]:
    with over_postgres(tmp_path) if request.param == "postgresql" else World(tmp_path) as made:
        yield made


@pytest.fixture
def made(world: World) -> Jobs:
    return Jobs(world)


def problems(error: Invalid) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in error.problems]


# -- workflows --------------------------------------------------------------------------------------


def test_a_workflow_comes_back_as_it_was_given(made: Jobs) -> None:
    saved = made.workflow(*TWO, on_error=(WorkflowTask("sorry", "log(error)"),), timeout=60)
    again = made.world.desk().workflow(saved.id)
    assert again == saved
    assert (again.tasks, again.on_error, again.timeout) == (TWO, (WorkflowTask("sorry", "log(error)"),), 60)
    assert (again.created_at, again.updated_at, again.scripted) == (NOON, None, True)
    assert again.id > 2**53


def test_saving_replaces(made: Jobs) -> None:
    saved = made.workflow(*TWO)
    changed = made.world.write(lambda desk: desk.save_workflow(Workflow(saved.id, "other")))
    assert (changed.name, changed.tasks, changed.scripted) == ("other", (), False)
    assert (changed.created_at, changed.updated_at) == (NOON, NOON)
    assert made.world.desk().workflows() == [changed]


def test_a_workflow_that_is_not_there(made: Jobs) -> None:
    for id in (0, -1, 7, 2**63 - 1, 2**70):
        with pytest.raises(NotFound):
            made.world.desk().workflow(id)
        with pytest.raises(NotFound):
            made.world.write(lambda desk, id=id: desk.delete_workflow(id))
    with pytest.raises(NotFound):
        made.world.write(lambda desk: desk.save_workflow(Workflow(7, "x")))


def test_a_script_that_does_not_parse_is_refused_with_its_place(made: Jobs) -> None:
    with pytest.raises(Invalid) as caught:
        made.workflow(WorkflowTask("good", "x = 1"), WorkflowTask("bad", "x = 1\ny = = 2"))
    problem = caught.value.problems[0]
    assert (problem.field, problem.code) == ("tasks", "does_not_parse")
    assert (problem.params["task"], problem.params["line"], problem.params["column"]) == ("bad", 2, 5)
    saved = made.workflow(*TWO)
    broken = Workflow(saved.id, "x", (), (WorkflowTask("worse", "load('a', 'b')"),))
    with pytest.raises(Invalid) as caught:
        made.world.write(lambda desk: desk.save_workflow(broken))
    assert problems(caught.value) == [("on_error", "does_not_parse")]
    assert made.world.desk().workflows() == [saved]


def test_without_anybody_to_run_them_scripts_are_refused(made: Jobs) -> None:
    made.world.core.automation = None
    with pytest.raises(Unsupported):
        made.workflow(*TWO)
    assert made.workflow(WorkflowTask("by hand")).id


def test_bounds(made: Jobs) -> None:
    cases: list[tuple[Workflow, tuple[str, str]]] = [
        (Workflow(tasks=(WorkflowTask("x", "#" * 70_000),)), ("tasks", "too_long")),
        (Workflow(tasks=(WorkflowTask(),) * 101), ("tasks", "too_many")),
        (Workflow(on_error=(WorkflowTask(retries=(1,) * 101),)), ("on_error", "too_many")),
        (Workflow(tasks=(WorkflowTask(retries=(-1,)),)), ("tasks", "out_of_range")),
        (Workflow(tasks=(WorkflowTask(timeout=2**62),)), ("tasks", "out_of_range")),
        (Workflow(timeout=-1), ("timeout", "out_of_range")),
    ]
    for workflow, problem in cases:
        with pytest.raises(Invalid) as caught:
            made.world.write(lambda desk, workflow=workflow: desk.save_workflow(workflow))
        assert problems(caught.value) == [problem]


def test_other_tenants_see_nothing_of_it(made: Jobs) -> None:
    made.world.add_tenant("other")
    made.world.add_user("bob", tenant="other")
    workflow = made.workflow(*TWO)
    job = made.start(*TWO)
    bob = made.world.desk("bob-token")
    assert (bob.workflows(), bob.jobs()) == ([], ([], 0))
    for read in (lambda: bob.workflow(workflow.id), lambda: bob.job(job), lambda: bob.job_logs(job)):
        with pytest.raises(NotFound):
            read()
    with pytest.raises(UnknownReference):
        made.world.write(lambda desk: desk.create_job(Job(workflow_id=workflow.id)), "bob-token")
    with pytest.raises(NotFound):
        made.world.write(lambda desk: desk.cancel_job(job), "bob-token")


def test_who_may_only_view_starts_nothing(made: Jobs) -> None:
    made.world.add_user("vic", view_only=True)
    job = made.start(*TWO)
    for work in (
        lambda desk: desk.save_workflow(Workflow(name="x")),
        lambda desk: desk.create_job(Job(workflow_id=1)),
        lambda desk: desk.cancel_job(job),
    ):
        with pytest.raises(Denied):
            made.world.write(work, "vic-token")


# -- jobs -------------------------------------------------------------------------------------------


def test_a_new_job_is_queued_and_announced(made: Jobs) -> None:
    id = made.start(*TWO, job={"parameters": {"who": "Žan\0"}, "start_at": NOON + DAY})
    job = made.job(id)
    assert (job.status, job.parameters, job.start_at) == ("queued", {"who": "Žan"}, NOON + DAY)
    assert (job.created_at, job.updated_at, job.creator_id) == (NOON, None, made.world.principal().user_id)
    assert made.automation.announced == [(made.world.principal().tenant_id, id)]


def test_nothing_is_announced_that_was_not_kept(made: Jobs) -> None:
    workflow = made.workflow(*TWO)

    def work(desk: Any) -> None:
        desk.create_job(Job(workflow_id=workflow.id))
        raise Denied("after all")

    with pytest.raises(Denied):
        made.world.write(work)
    assert made.automation.announced == []
    assert made.world.desk().jobs() == ([], 0)


def test_jobs_are_listed_by_status_and_page(made: Jobs) -> None:
    ids = [made.start(WorkflowTask("by hand")) for _ in range(5)]
    made.world.write(lambda desk: desk.update_job(JobUpdate(ids[2], "ok")))
    desk = made.world.desk()
    assert [job.id for job in desk.jobs()[0]] == ids
    assert [job.id for job in desk.jobs("ok")[0]] == [ids[2]]
    queued, count = desk.jobs("queued", Window(2, 2))
    assert ([job.id for job in queued], count) == ([ids[3], ids[4]], 4)
    assert desk.jobs("done") == ([], 0)


FORWARD = {
    "queued": {"running", "ok", "error", "cancelled"},
    "running": {"ok", "error", "cancelled"},
    "ok": set(),
    "error": set(),
    "cancelled": set(),
}


def test_states_move_on_and_never_back(made: Jobs) -> None:
    for was, to in itertools.product(FORWARD, FORWARD):
        id = made.start(WorkflowTask("by hand"))
        if was != "queued":
            made.world.write(lambda desk, id=id, was=was: desk.update_job(JobUpdate(id, was)))
        update = JobUpdate(id, to)
        if to == was or to in FORWARD[was]:
            assert made.world.write(lambda desk, update=update: desk.update_job(update)).status == to
            continue
        with pytest.raises(Invalid) as caught:
            made.world.write(lambda desk, update=update: desk.update_job(update))
        assert problems(caught.value) == [("status", "goes_back")]
        assert made.job(id).status == was


def test_an_unknown_status_is_refused(made: Jobs) -> None:
    id = made.start(WorkflowTask("by hand"))
    with pytest.raises(Invalid) as caught:
        made.world.write(lambda desk: desk.update_job(JobUpdate(id, "done")))
    assert problems(caught.value) == [("status", "not_a_choice")]


def test_cancelling_twice_is_one_cancel(made: Jobs) -> None:
    id = made.start(*TWO)
    assert made.world.write(lambda desk: desk.cancel_job(id)).status == "cancelled"
    assert made.world.write(lambda desk: desk.cancel_job(id)).status == "cancelled"
    assert made.runner().due() == []


def test_what_a_job_is_may_change_only_while_it_is_queued(made: Jobs) -> None:
    id = made.start(WorkflowTask("by hand"))
    other = made.workflow(*TWO)
    update = JobUpdate(id, workflow_id=other.id, start_at=NOON + DAY, parameters={"a": "b"})
    job = made.world.write(lambda desk: desk.update_job(update))
    assert (job.workflow_id, job.start_at, job.parameters) == (other.id, NOON + DAY, {"a": "b"})
    assert made.runner().due() == []
    made.wait(86_400)
    assert [seen.job_id for seen in made.runner().due()] == [id]
    made.world.write(lambda desk: desk.update_job(JobUpdate(id, "running")))
    # The same again is no change.
    made.world.write(lambda desk: desk.update_job(update))
    with pytest.raises(Invalid) as caught:
        made.world.write(lambda desk: desk.update_job(replace(update, parameters={"a": "c"}, start_at=None)))
    assert problems(caught.value) == [("start_at", "begun"), ("parameters", "begun")]
    with pytest.raises(UnknownReference):
        made.world.write(lambda desk: desk.update_job(JobUpdate(id, workflow_id=7)))


def test_the_log_only_grows(made: Jobs) -> None:
    id = made.start(WorkflowTask("by hand"))
    for number in range(5):
        made.world.write(lambda desk, number=number: desk.update_job(JobUpdate(id, log=f'{{"n": {number}.0}}')))
    desk = made.world.desk()
    entries, count = desk.job_logs(id, Window(3, 10))
    assert ([entry.text for entry in entries], count) == (['{"n": 3.0}', '{"n": 4.0}'], 5)
    assert [entry.position for entry in entries] == [4, 5]
    with pytest.raises(Invalid):
        made.world.write(lambda desk: desk.update_job(JobUpdate(id, "ok", log='"' + "x" * 70_000 + '"')))
    # Nothing of that update was kept.
    assert (made.job(id).status, made.world.desk().job_logs(id)[1]) == ("queued", 5)


def test_a_job_needs_its_workflow(made: Jobs) -> None:
    with pytest.raises(UnknownReference):
        made.world.write(lambda desk: desk.create_job(Job(workflow_id=7)))
    for id in (0, 7, 2**70):
        with pytest.raises(NotFound):
            made.job(id)
    with pytest.raises(Invalid):
        made.start(*TWO, job={"parameters": {"x": "y" * 70_000}})


# -- taking jobs up ---------------------------------------------------------------------------------


def claim(made: Jobs, id: int, holder: str, after_seconds: float = 0) -> Run | None:
    now = NOON + int(after_seconds * SECOND)
    tenant = made.world.principal().tenant_id
    seen = jobs.look_up(made.world.store.reading(tenant), id)
    assert seen is not None
    return made.world.store.write(tenant, lambda unit: jobs.claim(unit, seen, holder, now, now + LEASE))


def finish(made: Jobs, run: Run, holder: str, failure: Failure | None = None) -> Run | None:
    tenant = made.world.principal().tenant_id
    return made.world.store.write(tenant, lambda unit: jobs.finish(unit, run, failure, holder, NOON, NOON + LEASE, []))


def test_two_workers_that_saw_the_same_row_do_not_both_get_the_job(made: Jobs) -> None:
    id = made.start(*TWO)
    tenant = made.world.principal().tenant_id
    seen = jobs.look_up(made.world.store.reading(tenant), id)
    assert seen is not None
    got = [
        made.world.store.write(tenant, lambda unit, holder=holder: jobs.claim(unit, seen, holder, NOON, NOON + LEASE))
        for holder in ("one", "two")
    ]
    assert got[0] is not None
    assert got[1] is None
    assert made.job(id).status == "running"


def test_who_lost_the_job_can_record_nothing(made: Jobs) -> None:
    id = made.start(*TWO)
    first = claim(made, id, "one")
    second = claim(made, id, "two", 61)
    assert first is not None
    assert second is not None
    assert second.takeups == 1
    with pytest.raises(LeaseLost):
        finish(made, first, "one")
    onward = finish(made, second, "two")
    assert onward is not None
    assert (onward.position, onward.takeups) == (1, 0)


def test_a_cancelled_job_takes_its_step_along(made: Jobs) -> None:
    id = made.start(*TWO)
    run = claim(made, id, "one")
    assert run is not None
    made.world.write(lambda desk: desk.cancel_job(id))
    with pytest.raises(LeaseLost):
        finish(made, run, "one")
    assert made.job(id).status == "cancelled"


def test_a_step_that_kills_every_worker_fails_in_the_end(made: Jobs) -> None:
    id = made.start(*TWO)
    run = claim(made, id, "w0")
    for number in range(1, jobs.MAX_TAKEUPS + 1):
        run = claim(made, id, f"w{number}", number)
        assert run is not None
        assert (run.position, run.takeups) == (0, number)
    assert claim(made, id, "last", 99) is None
    assert made.job(id).status == "error"
    assert made.errors(id) == [f"{jobs.MAX_TAKEUPS + 1} workers died in this step"]


def test_the_agenda_is_found_for_all_tenants_and_held_ones_by_their_holder(made: Jobs) -> None:
    made.world.add_tenant("other")
    made.world.add_user("bob", tenant="other")
    mine, theirs = made.start(*TWO), made.start(*TWO, token="bob-token")
    unit = made.world.store.reading(SYSTEM)
    assert {(seen.tenant_id, seen.job_id) for seen in jobs.due(unit, NOON, 10)} == {
        (made.world.principal().tenant_id, mine),
        (made.world.principal("bob-token").tenant_id, theirs),
    }
    assert len(jobs.due(unit, NOON, 1)) == 1
    claim(made, mine, "here/12")
    assert [seen.job_id for seen in jobs.held(unit, NOON, NOON + DAY, "here/")] == [mine]
    assert jobs.held(unit, NOON, NOON + DAY, "there/") == []
    assert [seen.job_id for seen in jobs.due(unit, NOON, 10)] == [theirs]


# -- what follows a step ----------------------------------------------------------------------------


def run_of(*tasks: WorkflowTask, **values: Any) -> Run:
    return Run(1, 1, {}, tasks, values.pop("on_error", ()), 0, values.pop("deadline", None), **values)


A, B, C = WorkflowTask("a", "1"), WorkflowTask("b", "1"), WorkflowTask("c", "1")


def test_success_goes_on_and_ends() -> None:
    onward = after(run_of(A, B, attempt=2), None, NOON)
    assert (onward.run.position, onward.run.attempt, onward.status, onward.due_at) == (1, 0, None, None)
    assert after(onward.run, None, NOON).status == "ok"


def test_retries_wait_as_told() -> None:
    run = run_of(replace(A, retries=(5, 0)), B)
    first = after(run, Failure("no"), NOON)
    assert (first.due_at, first.run.attempt, first.run.position) == (NOON + 5 * SECOND, 1, 0)
    second = after(first.run, Failure("no"), NOON)
    assert (second.due_at, second.run.attempt) == (None, 2)
    third = after(second.run, Failure("no"), NOON)
    assert (third.status, third.run.error) == ("error", "no")
    assert after(run, Failure("no", final=True), NOON).status == "error"


def test_a_delay_ends_with_the_whole_timeout() -> None:
    run = run_of(replace(A, retries=(50,), fallback="b"), B, deadline=NOON + 9 * SECOND)
    waiting = after(run, Failure("no"), NOON)
    assert waiting.due_at == NOON + 9 * SECOND
    # Past it neither a retry nor the fallback helps.
    assert after(run, Failure("no"), NOON + 9 * SECOND).status == "error"


def test_a_fallback_jumps_and_goes_on_from_there() -> None:
    jumped = after(run_of(replace(A, fallback="c"), B, C), Failure("no"), NOON)
    assert (jumped.run.position, jumped.run.phase, jumped.status) == (2, "tasks", None)
    assert after(jumped.run, None, NOON).status == "ok"
    assert after(run_of(replace(A, fallback="nowhere"), B), Failure("no"), NOON).status == "error"


def test_fallbacks_that_chase_each_other_come_to_an_end() -> None:
    run = run_of(replace(A, fallback="b"), replace(B, fallback="a"))
    for _ in range(jobs.MAX_STEPS + 1):
        following = after(run, Failure("no"), NOON)
        if following.status is not None:
            break
        run = following.run
    assert (following.status, following.run.error) == ("error", f"more than {jobs.MAX_STEPS} steps")


def test_tasks_for_errors_all_get_their_turn() -> None:
    run = after(run_of(A, on_error=(B, C)), Failure("first"), NOON).run
    assert (run.phase, run.position, run.error) == ("on_error", 0, "first")
    run = after(run, Failure("second"), NOON).run
    assert (run.phase, run.position, run.error) == ("on_error", 1, "first")
    assert after(run, None, NOON).status == "error"
