"""Crust's workflows and jobs on the wire: routes, shapes, Go's error texts, what runs, what other dialects see."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from adapter.wire import Headers, WireRequest
from canonical.service.workflows import ScriptError
from canonical.values import SECOND, instant
from tests.support.crust import CrustClient
from tests.support.jobs import Jobs, ScriptsChecked
from tests.support.world import World

NOW = instant(2018, 12, 9, 10, 11, 12, 512_345)
TASK_SET = "types.WorkflowTaskSet"
TASKS = [{"name": "call", "body": 'crm.create("task", title="Call " + params["who"])'}]


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    with World(tmp_path, now=NOW) as world:
        yield Jobs(world)


@pytest.fixture
def client(jobs: Jobs) -> CrustClient:
    return CrustClient(jobs.world)


def make(client: CrustClient, **values: Any) -> str:
    return str(client.post("/workflow/", {"name": "w", **values})["workflowID"])


def start(client: CrustClient, workflow: str, **values: Any) -> str:
    return str(client.post("/job/", {"workflowID": workflow, **values})["jobID"])


# -- workflows --------------------------------------------------------------------------------------


def test_a_workflow_is_created_read_listed_and_deleted(client: CrustClient) -> None:
    task = {"name": "a", "body": "", "fallback": "b", "retries": [1, 60], "timeout": 5}
    made = client.text("POST", "/workflow/", {"name": "Žana <1>", "tasks": [task], "timeout": 60})
    id = client.get("/workflow/")[0]["workflowID"]
    body = (
        f'{{"workflowID":"{id}","name":"Žana \\u003c1\\u003e","tasks":[{{"name":"a","body":"","fallback":"b",'
        '"retries":[1,60],"timeout":5}],"onError":[],"timeout":60}'
    )
    assert made == f'{{"response":{body}}}'
    assert id.isdigit()
    assert int(id) > 2**53
    assert client.text("GET", f"/workflow/{id}") == made
    assert client.text("GET", "/workflow") == client.text("GET", "/workflow/") == f'{{"response":[{body}]}}'
    assert client.text("DELETE", f"/workflow/{id}") == '{"success":{"message":"OK"}}'
    assert client.text("GET", "/workflow/") == '{"response":[]}'


def test_an_update_replaces(client: CrustClient) -> None:
    id = make(client, tasks=[{"name": "a"}], onError=[{"name": "b"}], timeout=9)
    assert client.post(f"/workflow/{id}", {"name": "other"}) == {
        "workflowID": id,
        "name": "other",
        "tasks": [],
        "onError": [],
        "timeout": 0,
    }
    assert client.get(f"/workflow/{id}")["name"] == "other"


def test_names_and_numbers_come_from_forms_too_but_sets_do_not(client: CrustClient) -> None:
    form = "application/x-www-form-urlencoded"
    text = client.text("POST", "/workflow/?timeout=7", b"name=x&tasks=[]&timeout=10.5", form)
    assert '"name":"x","tasks":[],"onError":[],"timeout":0}' in text
    assert client.post("/workflow/?name=query", {"NAME": "body", "extra": 1})["name"] == "query"


@pytest.mark.parametrize("id", ["7", "0", "abc", "-1", "99999999999999999999", "67812345678901261"])
def test_an_unknown_workflow_is_an_error(client: CrustClient, id: str) -> None:
    error = '{"error":{"message":"crust.crm.repository.WorkflowNotFound"}}'
    assert client.text("GET", f"/workflow/{id}") == error
    assert client.text("POST", f"/workflow/{id}", {"name": "x"}) == error
    assert client.text("DELETE", f"/workflow/{id}") == error
    assert client.text("POST", "/job/", {"workflowID": id}) == error
    assert client.get("/workflow/") == []


@pytest.mark.parametrize(
    ("target", "body", "message"),
    [
        ("/workflow/", b'{"name":1}', "number into Go struct field WorkflowCreate.Name of type string"),
        ("/workflow/", b'{"timeout":"1"}', "string into Go struct field WorkflowCreate.Timeout of type int"),
        (
            "/workflow/",
            b'{"tasks":{}}',
            "object into Go struct field WorkflowCreate.Tasks of type types.WorkflowTaskSet",
        ),
        (
            "/workflow/",
            b'{"onError":1}',
            "number into Go struct field WorkflowCreate.OnError of type types.WorkflowTaskSet",
        ),
        ("/workflow/7", b'{"name":[]}', "array into Go struct field WorkflowUpdate.Name of type string"),
        ("/workflow/", b"[]", "array into Go value of type request.WorkflowCreate"),
        ("/job/", b'{"workflowID":7}', "number into Go struct field JobRun.WorkflowID of type string"),
        ("/job/", b'{"startAt":true}', "bool into Go struct field JobRun.StartAt of type string"),
        ("/job/", b'{"parameters":[]}', "array into Go struct field JobRun.Parameters of type types.JobParameterSet"),
        ("/job/7", b'{"status":1}', "number into Go struct field JobUpdate.Status of type string"),
    ],
)
def test_wrong_json_types_are_told_in_gos_words(client: CrustClient, target: str, body: bytes, message: str) -> None:
    assert client.call("POST", target, body) == f"error parsing http request body: json: cannot unmarshal {message}"


def test_malformed_json_is_told_in_gos_words(client: CrustClient) -> None:
    expected = "error parsing http request body: invalid character 'b' looking for beginning of object key string"
    assert client.call("POST", "/workflow/", b"{bad") == expected
    assert client.call("POST", "/job/", b"{bad") == expected


def test_a_script_that_does_not_parse_is_refused_with_line_and_column(client: CrustClient) -> None:
    bad = [{"name": "ok", "body": "x = 1"}, {"name": "bad", "body": "x = 1\ny = = 2"}]
    where = 'task "bad" does not parse: line 2, column 5: unexpected symbol'
    assert client.post("/workflow/", {"tasks": bad}).startswith(f"Error creating workflow: {where}")
    assert client.get("/workflow/") == []
    id = make(client, tasks=TASKS)
    before = client.text("GET", f"/workflow/{id}")
    assert client.post(f"/workflow/{id}", {"onError": bad}).startswith(f"Error updating workflow: {where}")
    assert client.text("GET", f"/workflow/{id}") == before


def test_scripts_are_parsed_before_the_transaction_begins(client: CrustClient, jobs: Jobs) -> None:
    where: list[str] = []

    class Watching(ScriptsChecked):
        def check(self, bodies: Sequence[str]) -> list[ScriptError | None]:
            where.append(threading.current_thread().name)
            return super().check(bodies)

    jobs.world.core.automation = Watching()
    client.post(f"/workflow/{make(client, tasks=TASKS)}", {"name": "x", "tasks": TASKS})
    # Inside it the answer is already known.
    assert where == [threading.current_thread().name, "crmglot-writer"] * 2


def test_what_is_out_of_bounds_is_refused(client: CrustClient) -> None:
    assert client.post("/workflow/", {"name": "x" * 256}) == (
        "exec query failed: Error 1406: Data too long for column 'name' at row 1"
    )
    assert client.post("/workflow/", {"tasks": [{"body": "#" * 70_000}]}) == (
        "Error creating workflow: tasks: too long (limit 65536)"
    )
    assert client.post("/workflow/", {"timeout": -1}) == "Error creating workflow: timeout: out of range"
    assert client.post("/workflow/", {"tasks": [None, {"retries": None}]})["tasks"][1]["retries"] == []


def test_paths_and_methods(client: CrustClient) -> None:
    for target in ("/workflow/7/", "/job/7/", "/job/7/logs/", "/Workflow/", "//job/", "/job/7/log"):
        assert client.send("GET", target).status == 404
    for target in ("/workflow/", "/workflow/7", "/job/", "/job/7", "/job/7/logs"):
        answer = client.send("PUT", target)
        assert (answer.status, answer.body) == (405, b"")
        assert b"Unauthorized" in client.send("GET", target, signed_in=False).body
    assert client.send("HEAD", "/job/").status == 405


# -- jobs -------------------------------------------------------------------------------------------


def test_a_job_is_queued_and_then_runs(client: CrustClient, jobs: Jobs) -> None:
    workflow = make(client, tasks=TASKS)
    made = client.text("POST", "/job/", {"workflowID": workflow, "parameters": {"who": "Žana & co"}})
    id = client.get("/job/")[0]["jobID"]
    head = f'{{"jobID":"{id}","workflowID":"{workflow}"'
    parameters = '"parameters":{"who":"Žana \\u0026 co"}'
    assert made == (
        f'{{"response":{head},"status":"queued",{parameters},"createdAt":"2018-12-09T10:11:12.512345Z"}}}}'
    )
    jobs.now += 2 * SECOND
    assert jobs.run_due() == 1
    assert client.text("GET", f"/job/{id}") == (
        f'{{"response":{head},"status":"ok",{parameters},"createdAt":"2018-12-09T10:11:12Z",'
        '"updatedAt":"2018-12-09T10:11:14Z"}}'
    )


def test_a_task_made_by_a_workflow_is_read_by_a_capsule_client(client: CrustClient, jobs: Jobs) -> None:
    start(client, make(client, tasks=TASKS), parameters={"who": "Zoë"})
    jobs.run_due()
    credentials = ("Authorization", "Basic YW5uLXRva2VuOng=")
    headers = Headers([credentials, ("Accept", "application/json"), ("Host", "acme.capsulecrm.com")])
    answer = jobs.world.endpoint("capsule").send(WireRequest("GET", "/api/tasks", "", headers))
    assert answer.status == 200
    assert "Call Zoë" in answer.body.decode()


def test_scripts_see_the_modules_that_clients_made(client: CrustClient, jobs: Jobs) -> None:
    module = client.make_module("city")
    id = client.add(module, city="Bled")
    body = f'r = crm.get("leads", "{id}")\ncrm.update("Leads", r["id"], city=r["values"]["city"] + "!")'
    job = start(client, make(client, tasks=[{"name": "a", "body": body}]))
    jobs.run_due()
    assert client.get(f"/job/{job}/logs")["logs"] == []
    assert client.values(module, id) == {"city": "Bled!"}


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2018-12-10T09:30:00Z", "2018-12-10T09:30:00Z"),
        ("2018-12-10T09:30:00.5+01:00", "2018-12-10T08:30:00Z"),
        ("2018-12-10", "2018-12-10T00:00:00Z"),
        ("2018-12-10 09:30", "2018-12-10T09:30:00Z"),
    ],
)
def test_a_job_with_a_future_start_waits(client: CrustClient, jobs: Jobs, sent: str, shown: str) -> None:
    id = start(client, make(client, tasks=TASKS), startAt=sent, parameters={"who": "x"})
    answer = client.text("GET", f"/job/{id}")
    assert f'"status":"queued","startAt":"{shown}","parameters"' in answer
    assert jobs.run_due() == 0
    jobs.wait(86_400)
    assert jobs.run_due() == 1
    assert client.get(f"/job/{id}")["status"] == "ok"


@pytest.mark.parametrize(
    "text", ["soon", "2018-02-30", "0000-01-01", "9999-12-31T23:59:59-10:00", "2018-12-10T25:00", "١"]
)
def test_a_start_that_is_no_time_is_kept_and_means_now(client: CrustClient, jobs: Jobs, text: str) -> None:
    id = start(client, make(client, tasks=TASKS), startAt=text, parameters={"who": "x"})
    assert client.get(f"/job/{id}")["startAt"] == text
    assert jobs.run_due() == 1


def test_a_failed_job_says_so_in_its_log(client: CrustClient, jobs: Jobs) -> None:
    id = start(client, make(client, tasks=[{"name": "a", "body": 'log("<so far>")\nfail("no luck")'}]))
    jobs.run_due()
    assert client.get(f"/job/{id}")["status"] == "error"
    entry = '{"time":"2018-12-09T10:11:12Z","level":"%s","task":"a","message":"%s"}'
    said, failed = entry % ("info", "\\u003cso far\\u003e"), entry % ("error", "line 2, column 1: fail: no luck")
    assert client.text("GET", f"/job/{id}/logs") == (
        f'{{"response":{{"meta":{{"page":0,"perPage":50,"count":2}},"logs":[{said},{failed}]}}}}'
    )


def test_an_outside_worker_reports(client: CrustClient, jobs: Jobs) -> None:
    id = start(client, make(client, tasks=[{"name": "by hand"}]))
    assert jobs.run_due() == 0
    text = client.text(
        "POST", f"/job/{id}", b'{"status":"running","log":{"b": 1.0,  "a":[null,"<x>",12345678901234567890]}}'
    )
    assert '"status":"running","parameters":{},"createdAt":"2018-12-09T10:11:12Z"' in text
    assert text.endswith('"updatedAt":"2018-12-09T10:11:12.512345Z"}}')
    client.post(f"/job/{id}", {"log": "text"})
    assert client.post(f"/job/{id}", {"status": "ok", "log": None})["status"] == "ok"
    assert client.text("GET", f"/job/{id}/logs").endswith(
        '"count":2},"logs":[{"b":1.0,"a":[null,"\\u003cx\\u003e",12345678901234567890]},"text"]}}'
    )
    form = "application/x-www-form-urlencoded"
    assert "invalid character" in client.text("POST", f"/job/{id}", b"log=%7Bbad", form)
    assert client.text("POST", f"/job/{id}", b"log=%7B%22x%22%3A1%7D", form).startswith('{"response":')
    assert client.get(f"/job/{id}/logs")["logs"][2] == {"x": 1}


def test_logs_come_in_pages(client: CrustClient) -> None:
    id = start(client, make(client))
    for number in range(5):
        client.post(f"/job/{id}", {"log": number})
    assert client.get(f"/job/{id}/logs?page=1&perPage=2") == {
        "meta": {"page": 1, "perPage": 2, "count": 5},
        "logs": [2, 3],
    }
    for query, meta in (
        ("page=9&perPage=2", {"page": 9, "perPage": 2, "count": 5}),
        ("page=-1&perPage=0", {"page": 0, "perPage": 50, "count": 5}),
        ("page=x&perPage=1000", {"page": 0, "perPage": 100, "count": 5}),
    ):
        assert client.get(f"/job/{id}/logs?{query}")["meta"] == meta
    assert client.get(f"/job/{id}/logs?page=9223372036854775807&perPage=100")["logs"] == []


def test_jobs_are_listed_by_status_and_page(client: CrustClient) -> None:
    workflow = make(client)
    ids = [start(client, workflow) for _ in range(5)]
    client.post(f"/job/{ids[1]}", {"status": "ok"})

    def listed(query: str = "") -> list[str]:
        return [job["jobID"] for job in client.get(f"/job/?{query}")]

    assert listed() == ids
    assert listed("status=ok") == [ids[1]]
    assert listed("status=queued&page=1&perPage=2") == ids[3:]
    assert listed("status=bogus") == listed("page=9") == []
    # Clients send parameters of a list in a JSON body as well.
    assert [job["jobID"] for job in client.call("GET", "/job/", {"status": "ok"})] == [ids[1]]


def test_states_never_go_back(client: CrustClient) -> None:
    id = start(client, make(client))
    client.post(f"/job/{id}", {"status": "ok"})
    assert client.post(f"/job/{id}", {"status": "queued"}) == "Error updating job: status cannot go from ok to queued"
    assert client.call("DELETE", f"/job/{id}") == "Error cancelling job: status cannot go from ok to cancelled"
    assert client.post(f"/job/{id}", {"status": "done"}) == 'Error updating job: invalid status "done"'
    assert client.post(f"/job/{id}", {"parameters": {"a": "b"}}) == (
        "Error updating job: cannot change parameters when the job is ok"
    )
    assert client.get(f"/job/{id}")["status"] == "ok"


def test_cancelling(client: CrustClient, jobs: Jobs) -> None:
    id = start(client, make(client, tasks=TASKS))
    for _ in range(2):
        assert client.text("DELETE", f"/job/{id}") == '{"success":{"message":"OK"}}'
    assert client.get(f"/job/{id}")["status"] == "cancelled"
    assert jobs.run_due() == 0


def test_an_update_changes_what_it_says_and_no_more(client: CrustClient, jobs: Jobs) -> None:
    first, second = make(client), make(client, tasks=TASKS)
    id = start(client, first, parameters={"who": "a"}, startAt="soon")
    shown = client.post(f"/job/{id}", {"workflowID": second, "startAt": "2018-12-11"})
    assert (shown["workflowID"], shown["parameters"]) == (second, {"who": "a"})
    assert shown["startAt"] == "2018-12-11T00:00:00Z"
    assert client.post(f"/job/{id}", {"parameters": {"who": "b"}})["startAt"] == "2018-12-11T00:00:00Z"
    assert client.post(f"/job/{id}", {"workflowID": "7"}) == "crust.crm.repository.WorkflowNotFound"
    jobs.wait(2 * 86_400)
    assert jobs.run_due() == 1
    assert client.get("/job/?status=ok")[0]["jobID"] == id


@pytest.mark.parametrize("id", ["7", "0", "abc", "99999999999999999999"])
def test_an_unknown_job_is_an_error(client: CrustClient, id: str) -> None:
    error = '{"error":{"message":"crust.crm.repository.JobNotFound"}}'
    assert client.text("GET", f"/job/{id}") == error
    assert client.text("GET", f"/job/{id}/logs") == error
    assert client.text("POST", f"/job/{id}", {"status": "ok"}) == error
    assert client.text("DELETE", f"/job/{id}") == error
    assert client.send("GET", f"/job/{id}").status == 200


def test_other_tenants_see_nothing(client: CrustClient, jobs: Jobs) -> None:
    workflow = make(client, tasks=TASKS)
    job = start(client, workflow)
    jobs.world.add_tenant("other")
    jobs.world.add_user("bob", tenant="other")
    bob = CrustClient(jobs.world, "bob-token")
    assert (bob.get("/workflow/"), bob.get("/job/")) == ([], [])
    assert bob.get(f"/job/{job}") == "crust.crm.repository.JobNotFound"
    assert bob.post(f"/workflow/{workflow}", {"name": "x"}) == "crust.crm.repository.WorkflowNotFound"
    assert bob.post("/job/", {"workflowID": workflow}) == "crust.crm.repository.WorkflowNotFound"
