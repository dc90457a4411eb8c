"""The client's tests: `pip install 'crmglot[pytest]' requests`, then `pytest`."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from tasks import Tasks


@pytest.fixture
def tasks(crm_gateway: Any) -> Tasks:
    return Tasks(crm_gateway.url("capsule"), crm_gateway.token, wait=0.0)


def test_a_task_comes_back(tasks: Tasks) -> None:
    id = tasks.add("Ring Zoë", "2030-06-03T00:00:00Z")
    assert tasks.read(id)["description"] == "Ring Zoë"


def test_ids_are_the_same_in_every_test(tasks: Tasks) -> None:
    assert tasks.add("Another", "2030-06-03T00:00:00Z") == 1


@pytest.mark.crm_world("world.yaml")
def test_a_world_of_ones_own(crm_gateway: Any) -> None:
    client = Tasks(crm_gateway.url("capsule"), crm_gateway.token)
    assert client.read(crm_gateway.ids["ring"])["description"] == "Ring Zoë"


def test_it_comes_again_after_429(tasks: Tasks, crm_gateway: Any) -> None:
    crm_gateway.fault("rate_limited", dialect="capsule", operation="task.create", times=2)
    tasks.add("Ring Zoë", "2030-06-03T00:00:00Z")
    asked = crm_gateway.journal(operation="task.create")
    assert [entry["status"] for entry in asked] == [429, 429, 201]


def test_it_says_when_the_vendor_is_down(tasks: Tasks, crm_gateway: Any) -> None:
    crm_gateway.fault("unavailable", dialect="capsule")
    with pytest.raises(requests.HTTPError, match="503"):
        tasks.read(1)


def test_moments_are_the_vendors(tasks: Tasks, crm_gateway: Any) -> None:
    crm_gateway.clock("2014-01-20T20:42:56Z", frozen=True)
    id = tasks.add("Ring Zoë", "2030-06-03T00:00:00Z")
    assert tasks.read(id)["createdOn"] == "2014-01-20T20:42:56Z"


def test_without_a_socket(crm_mock: Any) -> None:
    client = Tasks("https://acme.capsulecrm.com", crm_mock.token)
    assert client.read(client.add("Ring Zoë", "2030-06-03T00:00:00Z"))["description"] == "Ring Zoë"
