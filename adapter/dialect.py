"""What a dialect is: a frozen set of slots, each filled by one of its rooms. Not a base class to inherit.

A sixth dialect is a folder under ``dialects/`` whose ``__init__`` binds ``DIALECT = Dialect(...)``; nothing else
names it. The gateway calls the slots in this order:

1. `locate` turns the raw path into the one the route table knows (identity for most).
2. `routes` matches it; a miss is kept for later.
3. `authenticate` reads the credentials and gives a principal, None for a guest, or raises `Unauthenticated`.
   It sees `call.route` (None on a miss), so each vendor decides what comes first.
4. The route's handler answers, with `call.desk` open for the principal.
5. Whatever was raised, `render_error` words as the vendor does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapter.client import ClientSide
from adapter.losses import LossReport
from adapter.routes import Route, RouteTable
from adapter.wire import WireRequest, WireResponse
from canonical.accounts import Accounts, Principal, Tenant
from canonical.errors import Unauthenticated
from canonical.model import PicklistItem
from canonical.operations import Desk
from canonical.values import Instant


@dataclass(slots=True)
class Call:
    """One request on its way through a dialect.

    `tenant` is the host's (or the default) tenant until `authenticate` gives a principal, then the principal's.
    `settings` holds every setting of the dialect for that tenant, defaults filled in. Handlers use `desk`; it is
    missing for guests and on public routes without credentials. `memo` is the dialect's own scratch space.
    """

    request: WireRequest
    accounts: Accounts
    now: Instant
    route: Route | None = None
    params: dict[str, str] = field(default_factory=dict)
    tenant: Tenant | None = None
    principal: Principal | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    losses: LossReport = field(default_factory=LossReport)
    memo: dict[str, Any] = field(default_factory=dict)
    aliased: bool = False
    """Whether clients of the tenant know some records by ids of another system."""
    warning: str | None = None
    """What the operator should know of this request, in one line of the log; no secret and no client's text."""
    _desk: Desk | None = None

    @property
    def desk(self) -> Desk:
        """The open desk. Raises `Unauthenticated` for a guest."""
        if self._desk is None:
            raise Unauthenticated("missing")
        return self._desk

    @property
    def caller(self) -> Principal:
        """The principal. Raises `Unauthenticated` for a guest."""
        if self.principal is None:
            raise Unauthenticated("missing")
        return self.principal

    @property
    def me(self) -> int:
        """The caller's id as records on the desk show it. Raises `Unauthenticated` for a guest."""
        id = self.caller.user_id
        if not self.aliased:
            return id
        foreign = self.desk.foreign_id("user", id)
        return int(foreign) if foreign is not None and foreign.isascii() and foreign.isdigit() else id


@dataclass(frozen=True, slots=True)
class Setting:
    """A tenant's switch of one dialect: ``crmglot tenant set acme NAME.KEY=VALUE``.

    `choices` lists the legal values, or is empty when `check` decides (it raises `ValueError` with the reason).
    """

    name: str
    default: str
    help: str
    choices: tuple[str, ...] = ()
    check: Callable[[str], object] | None = None


Options = Sequence[tuple[str, str]]
"""What an operator says of a list's item, ``KEY=VALUE`` each, in his order; a key may come again."""


def no_options(options: Options) -> dict[str, Any]:
    """For lists whose items are nothing but a text."""
    if options:
        raise ValueError(f"{options[0][0]}: there is no such option")
    return {}


@dataclass(frozen=True, slots=True)
class Choices:
    """A list that the tenant's operator makes: ``crmglot list add --tenant acme --dialect NAME LIST VALUE``.

    `list` is the core's name of it. `read` turns options into an item's data and raises `ValueError` with the reason.
    `named_in` is the list that holds the names of lists like this one, for vendors whose users make lists.
    """

    name: str
    list: str
    help: str
    read: Callable[[Options], dict[str, Any]] = no_options
    named_in: str = ""


@dataclass(frozen=True, slots=True)
class Traces:
    """What recordings of this vendor's traffic hold that is secret, or differs from run to run."""

    secrets: Mapping[str, str] = field(default_factory=dict)
    """Names of headers, cookies and fields -> role: ``token``, ``session``, ``password``, ``client_secret``, or
    ``username``, ``client_id`` and ``domain``, which are told. ``basic-username`` and ``basic-password`` are those of
    HTTP Basic."""
    ids: str = r"(?i)id\Z"
    """A regular expression that finds the names of fields which hold ids."""
    wrappers: frozenset[str] = frozenset()
    """Names around a record that say nothing of its kind: ``data``, ``items``."""
    counters: tuple[str, ...] = ()
    """Headers with a number that each call changes: what is left of a limit."""
    refusals: tuple[bytes, ...] = ()
    """What the body of a refusal holds where its status is that of success."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One vendor's wire language, as a server and, in `client`, as whoever asks one."""

    name: str
    title: str
    routes: RouteTable
    authenticate: Callable[[Call], Principal | None]
    render_error: Callable[[Call, Exception], WireResponse]
    """Words any `CanonicalError`, `RouteNotFound`, `MethodNotAllowed`, `Malformed`, `TooLarge` or, as the vendor's
    own 500, any other exception. Never shows the exception's text to the client in that last case."""
    locate: Callable[[WireRequest], str] = lambda request: request.path
    effective_method: Callable[[WireRequest], str] = lambda request: request.method
    hosts: tuple[str, ...] = ()
    """Host patterns that belong to this dialect at the root: ``crm2.example.com`` or ``*.example.com``."""
    underscore_headers: tuple[str, ...] = ()
    """Header names that real clients send with underscores, in upper case: the server must let exactly these in."""
    settings: tuple[Setting, ...] = ()
    picklists: Sequence[PicklistItem] = ()
    """Items every new tenant gets."""
    lists: tuple[Choices, ...] = ()
    """The lists whose items an operator adds and removes."""
    own_list: Callable[[str], Choices | None] = lambda name: None
    """The list of any other name, where the vendor's users may make lists; None for a name that cannot be one."""
    judges_rights: bool = False
    """Whether the dialect itself refuses writes of users who may only view, in the vendor's order and words; else they
    are refused before the handler."""
    max_body: int = 8 * 1024 * 1024
    unread_bodies: tuple[str, ...] = ()
    """Methods whose bodies mean nothing to the vendor: they are not read, and so not waited for."""
    finish: Callable[[Call, WireResponse], WireResponse] | None = None
    """Adds what every answer of the vendor carries (cookies, rate-limit headers, CORS), errors included."""
    numeric_ids: bool = True
    """Whether ids on the wire are decimal numbers; then aliases are put in and out by the core."""
    text_extras: frozenset[str] = frozenset()
    """Keys of a record's extras that repeat its title or body: the core keeps them, with these, from whoever may not
    read them."""
    people_extras: frozenset[str] = frozenset()
    """Keys of a record's extras that name whoever takes part in it: only those who read its text change them."""
    secret_parameters: tuple[str, ...] = ()
    """Query or form parameters that hold credentials: never logged."""
    traces: Traces = field(default_factory=Traces)
    """What recorders and comparers of exchanges must know."""
    client: ClientSide | None = None
    """The other side: how a server of this vendor is asked."""
    preflight: Callable[[Call], WireResponse | None] | None = None
    """May answer before routing (CORS preflight, maintenance); None goes on."""

    def choices(self, name: str) -> Choices:
        """The list of that name, in any letter case. Raises `KeyError`."""
        for choices in self.lists:
            if choices.name.lower() == name.lower():
                return choices
        found = self.own_list(name)
        if found is None:
            raise KeyError(name)
        return found

    def setting(self, name: str) -> Setting:
        """The setting of that name. Raises `KeyError`."""
        for setting in self.settings:
            if setting.name == name:
                return setting
        raise KeyError(name)
