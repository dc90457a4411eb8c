"""The pytest plugin: ``crm_gateway``, a server of one's own; ``crm_mock``, the same in this process without a socket.

Nothing but pytest is imported until a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from adapter.pytest_plugin.mock import CrmMock, InThisProcess
    from adapter.pytest_plugin.server import CrmGateway, Server

__all__ = ["crm_gateway", "crm_mock"]
MARKER = "crm_world"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"{MARKER}(file): the world that crm_gateway and crm_mock begin with in this test"
    )


@pytest.fixture(scope="session")
def _crm_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server a session; of pytest-xdist's workers each has its own."""
    from adapter.pytest_plugin.server import Server

    with Server(tmp_path_factory.mktemp("crmglot")) as server:
        yield server


@pytest.fixture
def crm_gateway(request: pytest.FixtureRequest, _crm_server: Server) -> CrmGateway:
    """A server with a fresh world: the one that the marker ``crm_world`` names, else one tenant with one user."""
    from adapter.pytest_plugin.server import CrmGateway

    gateway = CrmGateway(_crm_server, request.path.parent)
    gateway.world(_marked(request))
    return gateway


@pytest.fixture(scope="session")
def _crm_core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InThisProcess]:
    from adapter.pytest_plugin.mock import InThisProcess

    with InThisProcess(tmp_path_factory.mktemp("crmglot")) as core:
        yield core


@pytest.fixture
def crm_mock(request: pytest.FixtureRequest, _crm_core: InThisProcess) -> Iterator[CrmMock]:
    """The vendors' hosts, answered in this process through `responses`, with a fresh world."""
    from adapter.pytest_plugin.mock import CrmMock

    with CrmMock(_crm_core, request.path.parent) as mock:
        mock.world(_marked(request))
        yield mock


def _marked(request: pytest.FixtureRequest) -> str | None:
    """The file that the nearest marker names."""
    marker = request.node.get_closest_marker(MARKER)
    if marker is None:
        return None
    if len(marker.args) != 1 or marker.kwargs or not isinstance(marker.args[0], str):
        raise pytest.UsageError(f"{MARKER} takes the name of one file")
    return str(marker.args[0])
