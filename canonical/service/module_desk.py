"""The part of the desk that is about modules, their records, numbers over records, pages and charts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from canonical.accounts import Principal
from canonical.errors import NotFound
from canonical.model import Record
from canonical.model.module import FieldValue, Module, ModuleField, ModuleRecord, ModuleSort, SavedChart
from canonical.model.page import LayoutPage
from canonical.operations import Aggregate, Report
from canonical.query import TRUE, Node, Window
from canonical.service import aliases, modules, pages
from canonical.service.visibility import Visibility
from canonical.store.port import Unit
from canonical.values import UNSET, Instant, Ref, Unset

WHOLE = Window()


class ModuleDesk:
    """Answers for `principal` in `unit`; what the caller may not see is not special here: modules are everybody's."""

    __slots__ = ()

    unit: Unit
    principal: Principal
    now: Instant
    dialect: str
    visibility: Visibility
    _aliased: bool

    @abstractmethod
    def _may_write(self) -> None: ...
    @abstractmethod
    def _log(self, action: str, record: Ref, type_: str | None, fields: tuple[str, ...] = ()) -> None: ...

    # -- modules ------------------------------------------------------------------------------------

    def modules(self) -> list[Module]:
        return modules.modules(self.unit)

    def module(self, id: int) -> Module | None:
        return modules.module(self.unit, id)

    def save_module(self, id: int | None, name: str, fields: Sequence[ModuleField], *, make: bool = False) -> Module:
        self._may_write()
        return modules.save_module(self.unit, id, name, fields, self.now, make=make)

    def delete_module(self, id: int) -> bool:
        self._may_write()
        return modules.delete_module(self.unit, id)

    # -- records ------------------------------------------------------------------------------------

    def module_record(self, id: int) -> ModuleRecord | None:
        return modules.record(self.unit, id)

    def find_module_records(
        self, module_id: int, text: str = "", sort: Sequence[ModuleSort] = (), window: Window = WHOLE
    ) -> tuple[list[ModuleRecord], int]:
        return modules.find_records(self.unit, module_id, text, sort, window)

    def create_module_record(self, module_id: int, values: Sequence[FieldValue]) -> ModuleRecord:
        self._may_write()
        made = modules.create_record(self.unit, module_id, values, self.principal.user_id, self.now)
        self._log("create", Ref("record", made.id), None)
        return made

    def update_module_record(
        self, id: int, values: Sequence[FieldValue], *, owner_id: int | Unset | None = UNSET
    ) -> ModuleRecord:
        self._may_write()
        before = modules.record(self.unit, id)
        if before is None:
            raise NotFound("record", id)
        after = modules.update_record(self.unit, before, values, self.now, owner_id)
        self._log("update", Ref("record", id), None, ("values",))
        return after

    def delete_module_record(self, id: int) -> bool:
        self._may_write()
        before = modules.record(self.unit, id)
        if before is None or before.deleted_at is not None:
            return False
        modules.delete_record(self.unit, before, self.now)
        self._log("delete", Ref("record", id), None)
        return True

    def aggregate(self, source: type[Record] | int, asked: Aggregate, where: Node = TRUE) -> list[tuple[Any, Any]]:
        if isinstance(source, int):
            return self.unit.aggregate_module(source, asked)
        if self._aliased:
            where = aliases.inward_query(self.unit, self.dialect, source, where)
        return self.unit.aggregate(source, where, asked, self.visibility.viewer)

    def report(self, source: type[Record] | int, asked: Report, where: Node = TRUE) -> list[tuple[Any, ...]]:
        if isinstance(source, int):
            return self.unit.report_module(source, asked)
        if self._aliased:
            where = aliases.inward_query(self.unit, self.dialect, source, where)
        return self.unit.report(source, where, asked, self.visibility.viewer)

    # -- pages and charts ---------------------------------------------------------------------------

    def pages(self, parent_id: int | None = None) -> list[LayoutPage]:
        return pages.pages(self.unit, parent_id)

    def page(self, id: int) -> LayoutPage | None:
        return pages.page(self.unit, id)

    def page_of_module(self, module_id: int) -> LayoutPage | None:
        return pages.page_of_module(self.unit, module_id)

    def save_page(self, page: LayoutPage) -> LayoutPage:
        self._may_write()
        return pages.save_page(self.unit, page, self.now)

    def delete_page(self, id: int) -> bool:
        self._may_write()
        return pages.delete_page(self.unit, id)

    def reorder_pages(self, parent_id: int, ids: Sequence[int]) -> None:
        self._may_write()
        pages.reorder_pages(self.unit, parent_id, ids)

    def charts(self) -> list[SavedChart]:
        return modules.charts(self.unit)

    def chart(self, id: int) -> SavedChart | None:
        return modules.chart(self.unit, id)

    def save_chart(self, chart: SavedChart) -> SavedChart:
        self._may_write()
        return modules.save_chart(self.unit, chart, self.now)

    def delete_chart(self, id: int) -> bool:
        self._may_write()
        return modules.delete_chart(self.unit, id)
