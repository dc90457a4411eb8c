"""Charts computed from real rows, reports, saved charts (crust dossier, sections 4, 5 and 8)."""

from __future__ import annotations

from typing import Any

import pytest

from canonical.model import Activity
from canonical.operations import Create
from tests.support.crust import CrustClient, encoded
from tests.support.world import World

KINDS = ("line", "spline", "step", "area", "area-spline", "area-step", "bar", "scatter", "pie", "donut", "gauge")
DEALS = (
    ("Open", "30", "2018-01-01"),
    ("Won", "200", "2018-01-02"),
    ("Open", "100.5", "2018-01-03 10:00"),
    ("Lost", "abc", "2018-01-04"),
    ("Won", "400", "2019-01-04"),
)


@pytest.fixture
def world(either_world: World) -> World:
    return either_world


@pytest.fixture
def ann(world: World) -> CrustClient:
    return CrustClient(world)


@pytest.fixture
def deals(ann: CrustClient) -> str:
    fields = [
        {"name": "state", "label": "State", "kind": "Select"},
        {"name": "value", "label": "Opportunity value", "kind": "Number"},
        {"name": "close", "label": "Close date", "kind": "DateTime"},
    ]
    module = f"/module/{ann.post('/module/', {'name': 'Deals', 'fields': fields})['moduleID']}"
    for state, value, close in DEALS:
        ann.add(module, state=state, value=value, close=close)
    gone = ann.add(module, state="Won", value="999", close="2018-01-02")
    ann.call("DELETE", f"{module}/content/{gone}")
    return module


def chart(ann: CrustClient, module: str, **parameters: str) -> Any:
    query = "&".join(f"{name}={encoded(value)}" for name, value in parameters.items())
    return ann.get(f"{module}/chart?{query}")


def test_the_line_chart_of_the_seed(ann: CrustClient, deals: str) -> None:
    bounds = "xMin=1%2F1%2F2018&xMax=31%2F12%2F2018"
    answer = ann.text("GET", f"{deals}/chart?name=Line&description=&xAxis=close&yAxis=value&{bounds}&kind=line")
    assert answer == (
        '{"response":{"data":[["Close date","2018-01-01","2018-01-02","2018-01-03 10:00","2018-01-04"],'
        '["Opportunity value",30,200,100.5,"abc"]],"fields":{"Close date":{"kind":"datetime","max":"31/12/2018",'
        '"min":"1/1/2018"},"Opportunity value":{"kind":"Number","name":"value"}},"kind":"line","meta":'
        f'{{"description":"","kind":"line","module":{deals.removeprefix("/module/")},"name":"Line","x":"close",'
        '"xmax":"31/12/2018","xmin":"1/1/2018","y":"value"}}}'
    )


def test_count_and_sum_and_group(ann: CrustClient, deals: str) -> None:
    pie = chart(ann, deals, kind="pie", xAxis="state", count="state")
    assert (pie["data"], pie["fields"]) == ([["Lost", 1], ["Open", 2], ["Won", 2]], {"State": {"kind": "string"}})
    assert pie["meta"]["count"] == "state"
    donut = chart(ann, deals, kind="donut", xAxis="state", sum="value")
    assert donut["data"] == [["Lost", 0], ["Open", 130.5], ["Won", 600]]
    bar = chart(ann, deals, kind="bar", groupBy="state", count="id")
    assert bar["data"] == [["Lost", 1], ["Open", 2], ["Won", 2]]
    assert chart(ann, deals, kind="pie", count="state")["data"] == pie["data"]
    line = chart(ann, deals, kind="line", xAxis="state", count="1")
    assert line["data"] == [["State", "Lost", "Open", "Won"], ["State count", 1, 2, 2]]
    assert chart(ann, deals, kind="gauge", count="1")["data"] == [["1", 5]]
    assert chart(ann, deals, kind="gauge", sum="value")["data"] == [["value", 730.5]]
    assert chart(ann, deals, kind="bar", xAxis="close", yAxis="value", xMax="2018-01-01")["data"] == [
        ["Close date", "2018-01-01"],
        ["Opportunity value", 30],
    ]


def test_the_grouped_charts_of_the_seeds_prose_to_the_byte(ann: CrustClient, deals: str) -> None:
    """``select opportunity.state count by opportunity.state`` and its like (seed 003)."""
    id = deals.removeprefix("/module/")

    def answer(query: str) -> str:
        return ann.text("GET", f"{deals}/chart?name=C&description=D&{query}")

    assert answer("xAxis=opportunity.state&count=opportunity.state&groupBy=&sum=&yAxis=&kind=pie") == (
        '{"response":{"data":[["Lost",1],["Open",2],["Won",2]],"fields":{"State":{"kind":"string"}},"kind":"pie",'
        f'"meta":{{"count":"opportunity.state","description":"D","kind":"pie","module":{id},"name":"C",'
        '"x":"opportunity.state","y":""}}}'
    )
    assert answer("xAxis=opportunity.state&sum=opportunity.value&kind=donut") == (
        '{"response":{"data":[["Lost",0],["Open",130.5],["Won",600]],"fields":{"State":{"kind":"string"}},'
        f'"kind":"donut","meta":{{"description":"D","kind":"donut","module":{id},"name":"C",'
        '"sum":"opportunity.value","x":"opportunity.state","y":""}}}'
    )
    assert answer("xAxis=lead.state&yAxis=lead.id&groupBy=lead.state&count=lead.id&kind=bar") == (
        '{"response":{"data":[["Lost",1],["Open",2],["Won",2]],"fields":{"State":{"kind":"string"}},"kind":"bar",'
        f'"meta":{{"count":"lead.id","description":"D","groupby":"lead.state","kind":"bar","module":{id},'
        '"name":"C","x":"lead.state","y":"lead.id"}}}'
    )


def test_a_number_axis_is_in_the_order_of_its_numbers_and_gaps_are_null(ann: CrustClient) -> None:
    fields = [{"name": "x", "label": "X", "kind": "Number"}, {"name": "y", "label": "Y", "kind": "Number"}]
    module = f"/module/{ann.post('/module/', {'name': 'Points', 'fields': fields})['moduleID']}"
    for x, y in (("10", "3"), ("?", "8"), ("2", ""), ("-5", "1")):
        ann.add(module, x=x, y=y)
    assert chart(ann, module, kind="line", xAxis="x", yAxis="y")["data"] == [
        ["X", -5, 2, 10, "?"],
        ["Y", 1, None, 3, 8],
    ]
    assert chart(ann, module, kind="bar", groupBy="x", count="id")["data"] == [[-5, 1], [2, 1], [10, 1], ["?", 1]]


def test_bounds(ann: CrustClient, deals: str) -> None:
    def states(**more: str) -> list[list[Any]]:
        rows: list[list[Any]] = chart(ann, deals, kind="pie", groupBy="state", count="1", **more)["data"]
        return rows

    assert states(xAxis="close", xMin="2018-01-02", xMax="2018-01-03") == [["Open", 1], ["Won", 1]]
    assert states(xAxis="close", xMin="4/1/2018") == [["Lost", 1], ["Won", 1]]
    assert states(xAxis="value", xMin="100", xMax="300") == [["Open", 1], ["Won", 1]]
    assert states(xAxis="value", xMin="99999") == [["State", 0]]


def test_every_kind_answers_whatever_it_is_asked_of(ann: CrustClient, deals: str) -> None:
    for kind in KINDS:
        for module in ("/module/41", f"/module/{2**64 - 1}", deals, ann.system("Task")):
            for more in (
                {},
                {"xAxis": "nothing", "yAxis": "nope"},
                {"groupBy": "x", "sum": "y"},
                {"count": "z", "xMin": "q"},
            ):
                answer = chart(ann, module, kind=kind, **more)
                label = answer["data"][0][0]
                assert answer["kind"] == kind, (kind, module, more)
                if module != deals:
                    assert answer["fields"][label]["kind"] in ("string", "datetime", "number"), (kind, module, more)
    for kind in ("", "bubble", "line/../x"):
        words = f"Error when reading /chart-{kind}.json: file does not exist"
        assert chart(ann, deals, kind=kind) == words


NUMBERS = '"module":62511111111111110'
AXES = '"x":62522222222222220'
ENDS = '"y":62533333333333336'
CLOSES = '"Close date","2018-01-01","2018-01-02","2018-01-03","2018-01-04"'
SAMPLES = {
    "line": f'{{"data":[[{CLOSES}],["Opportunity value",30,200,100,400]],'
    '"fields":{"Close date":{"kind":"datetime","max":"31/12/2018","min":"1/1/2018"},"Opportunity value":'
    '{"kind":"(Field kind)","name":"(Field name)"}},"kind":"line","meta":{"description":"Description for the chart",'
    f'"kind":"line",{NUMBERS},"name":"Line chart",{AXES},"xmax":"31/12/2018","xmin":"1/1/2018",{ENDS}}}}}',
    "pie": '{"data":[["Open",10],["Won",5],["Lost",2]],"fields":{"state":{"kind":"string"}},"kind":"pie","meta":'
    f'{{"count":62566666666666664,"description":"","kind":"pie",{NUMBERS},"name":"Pie chart",{AXES},{ENDS}}}}}',
    "bar": '{"data":[["France",12],["Slovenia",10],["Spain",3],["United Kingdom",5],["Germany",20]],"fields":'
    '{"country":{"kind":"string"}},"kind":"bar","meta":{"count":62566666666666664,"description":"",'
    f'"groupby":62544444444444450,"kind":"bar",{NUMBERS},"name":"Bar chart",{AXES},{ENDS}}}}}',
    "donut": '{"data":[["Open",120000],["Won",1000000],["Lost",30000]],"fields":{"type":{"kind":"string"}},'
    f'"kind":"donut","meta":{{"description":"Description for the chart","kind":"donut",{NUMBERS},'
    f'"name":"Donut chart","sum":62555555555555550,{AXES},{ENDS}}}}}',
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_c5_w6_charts_of_module_0_are_the_vendors_samples(ann: CrustClient, deals: str, kind: str) -> None:
    for path in ("/module/0", "/module/abc", "/module/"):
        assert ann.text("GET", f"{path}/chart?kind={kind}") == f'{{"response":{SAMPLES[kind]}}}'
    assert ann.text("GET", f"/module/0/chart?kind={kind}&xAxis=a&name=b") == f'{{"response":{SAMPLES[kind]}}}'
    # A module that is there has its own numbers, one that is not has none.
    assert chart(ann, deals, kind=kind, xAxis="state", count="1")["data"][0][0] in ("State", "Lost")
    assert [row[1:] for row in chart(ann, "/module/41", kind=kind)["data"]] in ([[0]], [[], []])


def test_system_modules(world: World, ann: CrustClient) -> None:
    task, deal = ann.system("Task"), ann.system("Opportunity")
    for state, due in (("Done", "2018-01-01"), ("Completed", "2018-01-02 09:00"), ("Open", "2018-01-03"), ("Odd", "")):
        ann.add(task, Subject="x", Status=state, ActivityDate=due)
    by_state = chart(ann, task, kind="bar", groupBy="Status", count="id")
    assert sorted(by_state["data"]) == [["Completed", 2], ["Not Started", 2]]
    assert sorted(chart(ann, task, kind="pie", groupBy="IsClosed")["data"]) == [["", 2], ["1", 2]]
    by_day = chart(ann, task, kind="line", xAxis="ActivityDate", count="1", xMin="2018-01-01", xMax="2018-01-02")
    assert by_day["data"][0][1:] == ["2018-01-01", "2018-01-02 09:00"]
    assert by_day["fields"][by_day["data"][0][0]]["kind"] == "datetime"
    account = ann.add(ann.system("Account"), AccountName="Alpha")
    for stage, amount, close in (
        ("New", "10.5", "2018-01-01"),
        ("New", "20", "2018-02-01"),
        ("Bid", "5", "2019-01-01"),
    ):
        ann.add(deal, Name="d", StageName=stage, Amount=amount, CloseDate=close, AccountId=account)
    assert chart(ann, deal, kind="donut", xAxis="StageName", sum="Amount")["data"] == [["Bid", 5], ["New", 30.5]]
    line = chart(ann, deal, kind="line", xAxis="CloseDate", yAxis="Amount", xMin="1/1/2018", xMax="31/12/2018")
    assert line["data"] == [["Close Date", "2018-01-01", "2018-02-01"], ["Amount", 10.5, 20]]
    assert chart(ann, deal, kind="pie", groupBy="AccountId", sum="Amount")["data"] == [[account, 35.5]]
    assert chart(ann, deal, kind="gauge", count="1")["data"] == [["1", 3]]
    assert chart(ann, deal, kind="pie", groupBy="Amount", count="1", xAxis="Amount", xMin="10", xMax="15")["data"] == [
        [10.5, 1]
    ]
    lead = ann.system("Lead")
    for rating in ("Hot", "Hot", "Cold"):
        ann.add(lead, LastName="x", Rating=rating)
    assert chart(ann, lead, kind="pie", groupBy="Rating", count="1")["data"] == [["Cold", 1], ["Hot", 2]]


def test_a_custom_field_counts_and_sums(ann: CrustClient) -> None:
    contact = ann.system("Contact")
    sent = [*ann.get(contact)["fields"], {"name": "shoe", "kind": "Number"}, {"name": "town", "kind": "String"}]
    ann.post(contact, {"name": "Contact", "fields": sent})
    for shoe, town in (("40", "Kranj"), ("41.5", "Kranj"), ("big", "Bled"), ("", "Bled")):
        ann.add(contact, LastName="x", shoe=shoe, town=town)
    assert chart(ann, contact, kind="bar", groupBy="town", count="1")["data"] == [["Bled", 2], ["Kranj", 2]]
    assert chart(ann, contact, kind="bar", groupBy="town", sum="shoe")["data"] == [["Bled", 0], ["Kranj", 81.5]]


def test_charts_count_only_what_the_caller_may_see(world: World, ann: CrustClient) -> None:
    world.add_user("bob")
    world.write(lambda desk: desk.create(Create(Activity, {"title": "mine", "visibility": "private"})))
    world.write(lambda desk: desk.create(Create(Activity, {"title": "ours"})))
    bob = CrustClient(world, "bob-token")
    task = ann.system("Task")
    for who, number in ((ann, 2), (bob, 1)):
        assert chart(who, task, kind="pie", groupBy="Status", count="1")["data"] == [["Not Started", number]]
        assert who.get(f"{task}/report") == [{"count": number}]


def test_reports(ann: CrustClient, deals: str) -> None:
    assert ann.get(f"{deals}/report") == [{"count": 5}]
    metrics = encoded("SUM(value) AS s, COUNT(id)")
    assert ann.text("GET", f"{deals}/report?metrics={metrics}&dimensions=state") == (
        '{"response":[{"count":1,"dimension_0":"Lost","metric_1":1,"s":0},'
        '{"count":2,"dimension_0":"Open","metric_1":2,"s":130.5},'
        '{"count":2,"dimension_0":"Won","metric_1":2,"s":600}]}'
    )
    assert ann.get(f"{deals}/report?metrics=SUM(value)") == [{"count": 5, "metric_0": 730.5}]
    assert len(ann.get(f"{deals}/report?dimensions=state,close")) == 5
    assert ann.get("/module/41/report") == "Module has no fields"


def test_saved_charts(world: World, ann: CrustClient) -> None:
    assert ann.get("/chart/") == []
    made = ann.text("POST", "/chart", b'{"name":"C & D","config":{"z":1.0, "a":"<"}}')
    id = ann.get("/chart/")[0]["chartID"]
    assert made == (
        f'{{"response":{{"chartID":"{id}","name":"C \\u0026 D","config":{{"z":1.0,"a":"\\u003c"}},'
        '"createdAt":"2014-06-01T08:00:00Z"}}'
    )
    assert ann.text("GET", f"/chart/{id}") == made
    assert world.now is not None
    world.now += 1_000_000
    changed = ann.post(f"/chart/{id}", {"name": "E"})
    assert (changed["name"], changed["config"], changed["updatedAt"]) == ("E", {}, "2014-06-01T08:00:01Z")
    assert "Data too long" in ann.post("/chart/", {"name": "x" * 65})
    assert ann.call("DELETE", f"/chart/{id}") == ann.call("DELETE", f"/chart/{id}") == {"message": "OK"}
    assert ann.get(f"/chart/{id}") == ann.post(f"/chart/{id}", {}) == "crust.crm.repository.ChartNotFound"


@pytest.mark.slow
def test_every_field_may_stand_in_every_place(ann: CrustClient) -> None:
    """Text that is summed up, ids and states that are bounded by a date: nothing to see, and no error."""
    places = (
        "groupBy={0}&sum={0}",
        "xAxis={0}&count={0}",
        "xAxis={0}&yAxis={0}",
        "xAxis={0}&yAxis={0}&xMin=1/1/2018&xMax=5",
        "groupBy={0}&count=1&xAxis={0}&xMin=%00&xMax=High",
    )
    for module in ann.get("/module/"):
        ann.add(f"/module/{module['moduleID']}", {"Username": "bo"})
        for field in (*(field["name"] for field in module["fields"]), "a%00", "nothing"):
            for place in places:
                path = f"/module/{module['moduleID']}/chart?kind=pie&{place.format(field)}"
                assert isinstance(ann.get(path), dict), path
            path = f"/module/{module['moduleID']}/report?dimensions={field}&metrics=SUM({field})"
            assert isinstance(ann.get(path), list), path


def test_text_of_a_system_module_adds_up_to_nothing(ann: CrustClient) -> None:
    task = ann.system("Task")
    for subject, priority in (("12", "High"), ("12", "Low"), ("7", "Low")):
        ann.add(task, {"Subject": subject, "Priority": priority})
    assert ann.get(f"{task}/chart?kind=pie&groupBy=Priority&sum=Subject")["data"] == [["High", 0], ["Low", 0]]
    assert ann.get(f"{task}/chart?kind=pie&xAxis=Priority&xMax=High&count=1")["data"] == [["High", 1]]


def test_no_axis_and_no_bound_has_characters_that_no_value_has(ann: CrustClient, deals: str) -> None:
    for query in (
        "xAxis=state%00&count=1",
        "xAxis=state&count=1&xMin=%00A&xMax=%00Z",
        "groupBy=%00state&sum=value%00",
    ):
        assert [row[0] for row in ann.get(f"{deals}/chart?kind=pie&{query}")["data"]] == ["Lost", "Open", "Won"], query
    assert len(ann.get(f"{deals}/report?dimensions=state%00&metrics=SUM(value%00)")) == 3
