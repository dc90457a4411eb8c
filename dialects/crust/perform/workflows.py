"""Workflows and jobs: what the vendor documented and never built (seed 003; crust dossier, sections 4, 6, 7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from adapter.dialect import Call
from adapter.routes import Handler, Route
from adapter.wire import WireResponse
from canonical.errors import Invalid, NotFound, Problem, UnknownReference, Unsupported
from canonical.model import Job, Workflow, WorkflowTask
from canonical.operations import JobUpdate
from canonical.query import Window
from canonical.values import MAX_ID, UNSET, Instant, Unset, from_datetime
from dialects.crust.errors import Refused, too_long
from dialects.crust.wire import envelope
from dialects.crust.wire.binding import Get, Path, Post, Request, bind, uint64
from dialects.crust.wire.envelope import Raw
from dialects.crust.wire.gojson import INT, RAW, STRING, Slice, Struct, checked_raw, go_quoted
from dialects.crust.wire.gojson import Mapping as GoMap

TASK: Final = Struct(
    "types",
    "WorkflowTask",
    (
        ("name", STRING),
        ("body", STRING),
        ("fallback", STRING),
        ("retries", Slice("[]int", INT)),
        ("timeout", INT),
    ),
)
TASKS: Final = Slice("types.WorkflowTaskSet", TASK, 1000)
PARAMETERS: Final = GoMap("types.JobParameterSet", STRING)

# Unlike those of modules and pages, these ids are strings to the vendor's types (seed 003).
_WORKFLOW = (Post("name"), Post("tasks", TASKS), Post("onError", TASKS), Post("timeout", INT))
_WORKFLOW_ID = Path("workflowID", STRING)
_JOB_ID = Path("jobID", STRING)
_PAGING = (Get("page", INT), Get("perPage", INT))
WORKFLOW_LIST = Request("WorkflowList", ())
WORKFLOW_CREATE = Request("WorkflowCreate", _WORKFLOW)
WORKFLOW_GET = Request("WorkflowGet", (_WORKFLOW_ID,))
WORKFLOW_UPDATE = Request("WorkflowUpdate", (_WORKFLOW_ID, *_WORKFLOW))
WORKFLOW_DELETE = Request("WorkflowDelete", (_WORKFLOW_ID,))
JOB_LIST = Request("JobList", (Get("status"), *_PAGING))
JOB_RUN = Request("JobRun", (Post("workflowID"), Post("startAt"), Post("parameters", PARAMETERS)))
JOB_GET = Request("JobGet", (_JOB_ID,))
JOB_LOGS = Request("JobLogs", (_JOB_ID, *_PAGING))
JOB_UPDATE = Request(
    "JobUpdate",
    (
        _JOB_ID,
        Post("status"),
        Post("log", RAW),
        Post("workflowID"),
        Post("startAt"),
        Post("parameters", PARAMETERS),
    ),
)
JOB_DELETE = Request("JobDelete", (_JOB_ID,))

# In the manner of crust.auth.repository.UserNotFound.
WORKFLOW_NOT_FOUND: Final = "crust.crm.repository.WorkflowNotFound"
JOB_NOT_FOUND: Final = "crust.crm.repository.JobNotFound"
PER_PAGE: Final = 50
MAX_PER_PAGE: Final = 100
MAX_NAME: Final = 255
_START = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?\Z",
    re.ASCII,
)


# -- workflows --------------------------------------------------------------------------------------


def _task(task: WorkflowTask) -> dict[str, Any]:
    return {
        "name": task.name,
        "body": task.body,
        "fallback": task.fallback,
        "retries": list(task.retries),
        "timeout": task.timeout,
    }


def workflow(shown: Workflow) -> dict[str, Any]:
    """A workflow as the vendor's type has it."""
    return {
        "workflowID": str(shown.id),
        "name": shown.name,
        "tasks": [_task(task) for task in shown.tasks],
        "onError": [_task(task) for task in shown.on_error],
        "timeout": shown.timeout,
    }


def _tasks(sent: Iterable[Mapping[str, Any]] | None) -> tuple[WorkflowTask, ...]:
    return tuple(
        WorkflowTask(task["name"], task["body"], task["fallback"], tuple(task["retries"] or ()), task["timeout"])
        for task in sent or ()
    )


def _sent_workflow(sent: Mapping[str, Any], id: int = 0) -> Workflow:
    if len(sent["name"]) > MAX_NAME:
        raise too_long("name")
    return Workflow(id, sent["name"], _tasks(sent["tasks"]), _tasks(sent["onError"]), sent["timeout"])


def _refused(error: Exception, action: str) -> Refused:
    """What is wrong with a workflow or job, for its author."""
    match error:
        case NotFound(kind="workflow") | UnknownReference(kind="workflow"):
            return Refused(WORKFLOW_NOT_FOUND)
        case NotFound(kind="job"):
            return Refused(JOB_NOT_FOUND)
        case Invalid():
            return Refused(f"Error {action}: {_problem(error.problems[0])}")
    return Refused(f"Error {action}: {error}")


def _problem(problem: Problem) -> str:
    params = problem.params
    match problem.code:
        case "does_not_parse":
            place = f"line {params['line']}, column {params['column']}"
            return f"task {go_quoted(str(params['task']))} does not parse: {place}: {params['message']}"
        case "goes_back":
            return f"status cannot go from {params['from']} to {params['to']}"
        case "not_a_choice":
            return f"invalid status {go_quoted(str(params['value'])[:100])}"
        case "begun":
            return f"cannot change {problem.field} when the job is {params['status']}"
    limit = f" (limit {params['limit']})" if "limit" in params else ""
    return f"{problem.field}: {problem.code.replace('_', ' ')}{limit}"


EXPECTED = (Invalid, NotFound, UnknownReference, Unsupported)


def _check(call: Call, request: Request, action: str) -> None:
    """Scripts are parsed before the transaction, which would otherwise wait for it."""
    try:
        call.desk.check_scripts(_sent_workflow(bind(call, request)))
    except EXPECTED as error:
        raise _refused(error, action) from error


def check_create(call: Call) -> None:
    _check(call, WORKFLOW_CREATE, "creating workflow")


def check_update(call: Call) -> None:
    _check(call, WORKFLOW_UPDATE, "updating workflow")


def list_workflows(call: Call) -> WireResponse:
    bind(call, WORKFLOW_LIST)
    return envelope.response([workflow(each) for each in call.desk.workflows()])


def create_workflow(call: Call) -> WireResponse:
    try:
        return envelope.response(workflow(call.desk.save_workflow(_sent_workflow(bind(call, WORKFLOW_CREATE)))))
    except EXPECTED as error:
        raise _refused(error, "creating workflow") from error


def get_workflow(call: Call) -> WireResponse:
    try:
        return envelope.response(workflow(call.desk.workflow(_id(bind(call, WORKFLOW_GET)["workflowID"]))))
    except NotFound as error:
        raise _refused(error, "getting workflow") from error


def update_workflow(call: Call) -> WireResponse:
    """Replaces the workflow; jobs that have begun go on as they were."""
    sent = bind(call, WORKFLOW_UPDATE)
    id = _id(sent["workflowID"])
    try:
        # Id 0 would create one.
        call.desk.workflow(id)
        return envelope.response(workflow(call.desk.save_workflow(_sent_workflow(sent, id))))
    except EXPECTED as error:
        raise _refused(error, "updating workflow") from error


def delete_workflow(call: Call) -> WireResponse:
    try:
        call.desk.delete_workflow(_id(bind(call, WORKFLOW_DELETE)["workflowID"]))
    except NotFound as error:
        raise _refused(error, "deleting workflow") from error
    return envelope.success()


# -- jobs -------------------------------------------------------------------------------------------


def job(shown: Job, *, created: bool = False, updated: bool = False) -> dict[str, Any]:
    """A job; the stamp that this very request made has fractions of a second (crust dossier, section 4)."""
    out: dict[str, Any] = {
        "jobID": str(shown.id),
        "workflowID": str(shown.workflow_id),
        "status": shown.status,
    }
    text = shown.extras.get("crust", {}).get("startAt")
    if text is not None or shown.start_at is not None:
        out["startAt"] = envelope.stamp(shown.start_at) if shown.start_at is not None else text
    out["parameters"] = shown.parameters
    out["createdAt"] = (envelope.fresh_stamp if created else envelope.stamp)(shown.created_at)
    if shown.updated_at is not None:
        out["updatedAt"] = (envelope.fresh_stamp if updated else envelope.stamp)(shown.updated_at)
    return out


def _id(text: str) -> int:
    """A path's or a string's id; what is none is 0, which nothing has."""
    id = uint64(text)
    return id if id <= MAX_ID else 0


def start_time(text: str) -> Instant | None:
    """RFC 3339, ``YYYY-MM-DD`` or ``YYYY-MM-DD HH:mm``; other text is no time (crust dossier, section 3)."""
    if not _START.match(text):
        return None
    try:
        return from_datetime(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _start(text: str) -> tuple[Instant | None, dict[str, dict[str, Any]]]:
    """When to start, and what to keep of a text that says no time."""
    at = start_time(text)
    return at, {} if at is not None or not text else {"crust": {"startAt": text[:MAX_NAME]}}


def _page(sent: Mapping[str, Any]) -> tuple[int, int]:
    """Page from 0, and how many a page: 50 when not given, 100 at most."""
    per_page = sent["perPage"] if sent["perPage"] > 0 else PER_PAGE
    return min(max(sent["page"], 0), MAX_ID // MAX_PER_PAGE), min(per_page, MAX_PER_PAGE)


def list_jobs(call: Call) -> WireResponse:
    sent = bind(call, JOB_LIST)
    page, per_page = _page(sent)
    found, _ = call.desk.jobs(sent["status"] or None, Window(page * per_page, per_page))
    return envelope.response([job(each) for each in found])


def run_job(call: Call) -> WireResponse:
    """A queued job, which begins at once unless `startAt` is in the future."""
    sent = bind(call, JOB_RUN)
    start_at, extras = _start(sent["startAt"])
    given = Job(
        workflow_id=_id(sent["workflowID"]),
        parameters=sent["parameters"] or {},
        start_at=start_at,
        extras=extras,
    )
    try:
        return envelope.response(job(call.desk.create_job(given), created=True))
    except EXPECTED as error:
        raise _refused(error, "running job") from error


def get_job(call: Call) -> WireResponse:
    try:
        return envelope.response(job(call.desk.job(_id(bind(call, JOB_GET)["jobID"]))))
    except NotFound as error:
        raise _refused(error, "getting job") from error


def job_logs(call: Call) -> WireResponse:
    sent = bind(call, JOB_LOGS)
    page, per_page = _page(sent)
    try:
        entries, count = call.desk.job_logs(_id(sent["jobID"]), Window(page * per_page, per_page))
    except NotFound as error:
        raise _refused(error, "getting job logs") from error
    meta = {"page": page, "perPage": per_page, "count": count}
    return envelope.response({"meta": meta, "logs": [Raw(entry.text) for entry in entries]})


def update_job(call: Call) -> WireResponse:
    """Changes what is sent; `log` appends one entry."""
    sent = bind(call, JOB_UPDATE)
    log = sent["log"]
    start_at: Instant | Unset | None = UNSET
    extras = None
    if sent["startAt"]:
        start_at, extras = _start(sent["startAt"])
    update = JobUpdate(
        _id(sent["jobID"]),
        status=sent["status"] or None,
        log=checked_raw(log) if log not in (None, "", "null") else None,
        workflow_id=_id(sent["workflowID"]) if sent["workflowID"] else None,
        start_at=start_at,
        parameters=sent["parameters"],
        extras=extras,
    )
    try:
        return envelope.response(job(call.desk.update_job(update), updated=True))
    except EXPECTED as error:
        raise _refused(error, "updating job") from error


def cancel_job(call: Call) -> WireResponse:
    try:
        call.desk.cancel_job(_id(bind(call, JOB_DELETE)["jobID"]))
    except EXPECTED as error:
        raise _refused(error, "cancelling job") from error
    return envelope.success()


def _route(operation: str, method: str, path: str, handler: Handler, **more: Any) -> tuple[Route, ...]:
    """A collection answers with and without its final slash; on any longer path a slash is a 404."""
    paths = (path, f"{path}/") if path.count("/") == 1 else (path,)
    return tuple(Route(operation, (method,), each, handler, writes=method != "GET", **more) for each in paths)


ROUTES: Final = (
    *_route("workflow.list", "GET", "/workflow", list_workflows),
    *_route("workflow.create", "POST", "/workflow", create_workflow, prepare=check_create),
    *_route("workflow.get", "GET", "/workflow/{workflowID}", get_workflow),
    *_route("workflow.update", "POST", "/workflow/{workflowID}", update_workflow, prepare=check_update),
    *_route("workflow.delete", "DELETE", "/workflow/{workflowID}", delete_workflow),
    *_route("job.list", "GET", "/job", list_jobs),
    *_route("job.run", "POST", "/job", run_job),
    *_route("job.get", "GET", "/job/{jobID}", get_job),
    *_route("job.update", "POST", "/job/{jobID}", update_job),
    *_route("job.delete", "DELETE", "/job/{jobID}", cancel_job),
    *_route("job.logs", "GET", "/job/{jobID}/logs", job_logs),
)
