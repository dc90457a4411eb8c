"""YAML or JSON text as nodes that know their line and column. Text stays text: nothing is guessed from its look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 20
_PLAIN: Final = "tag:yaml.org,2002:"
_NULLS: Final = ("", "~", "null", "Null", "NULL")
_TRUE: Final = ("true", "True", "TRUE", "yes", "Yes", "1")
_FALSE: Final = ("false", "False", "FALSE", "no", "No", "0")


class WorldError(Exception):
    """A world file is not what it claims to be; one line that names file, line, column and reason."""

    def __init__(self, source: str, line: int, column: int, reason: str) -> None:
        super().__init__(f"{source}:{line}:{column}: {reason}")
        self.line = line
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar (`text`, None for null), a list (`items`) or a mapping (`entries`), and where it starts."""

    source: str
    line: int
    column: int
    text: str | None = None
    items: tuple[Node, ...] | None = None
    entries: Mapping[str, Node] | None = None
    keys: Mapping[str, Node] = field(default_factory=dict)
    """Where each key of a mapping stands."""

    def wrong(self, reason: str) -> WorldError:
        return WorldError(self.source, self.line, self.column, reason)

    @property
    def is_null(self) -> bool:
        return self.items is None and self.entries is None and self.text is None

    def scalar(self) -> str:
        """The text. Raises `WorldError` for a list, a mapping or null."""
        if self.text is None:
            raise self.wrong("text is wanted here")
        return self.text

    def flag(self) -> bool:
        text = self.scalar()
        if text in _TRUE:
            return True
        if text in _FALSE:
            return False
        raise self.wrong("true or false is wanted here")

    def listed(self) -> tuple[Node, ...]:
        """The items of a list; null is an empty one, a single scalar or mapping a list of one."""
        if self.items is not None:
            return self.items
        return () if self.is_null else (self,)

    def mapped(self) -> Mapping[str, Node]:
        """The entries of a mapping; null is an empty one."""
        if self.entries is None:
            if self.is_null:
                return {}
            raise self.wrong("a mapping is wanted here")
        return self.entries

    def known(self, names: Iterator[str] | Mapping[str, Any] | frozenset[str]) -> Mapping[str, Node]:
        """The entries, whose keys must be among `names`."""
        allowed = set(names)
        for name in self.mapped():
            if name not in allowed:
                raise self.keys[name].wrong(f"unknown key {name!r}; known here: {', '.join(sorted(allowed))}")
        return self.mapped()


def parse(source: str, data: bytes) -> Node:
    """The document in `data`; `source` names it in errors. Raises `WorldError`."""
    if len(data) > MAX_BYTES:
        raise WorldError(source, 1, 1, f"larger than {MAX_BYTES // 1024 // 1024} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise WorldError(source, line, 1, "not UTF-8") from None
    loader = yaml.SafeLoader(text)
    try:
        _check_events(source, text)
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        reason = getattr(error, "problem", None) or "no YAML"
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        raise WorldError(source, line, column, reason) from None
    finally:
        loader.dispose()
    if node is None:
        raise WorldError(source, 1, 1, "empty")
    return _node(source, node)


def _check_events(source: str, text: str) -> None:
    """Refuses aliases (which can multiply without end), foreign tags and deep nesting before anything is built."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise WorldError(source, line, column, "anchors and aliases are not taken")
        tag = getattr(event, "tag", None)
        if tag is not None and not (tag.startswith(_PLAIN) and tag[len(_PLAIN) :] in ("str", "map", "seq")):
            raise WorldError(source, line, column, f"the tag {tag[:60]} is not taken")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise WorldError(source, line, column, "nested too deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _node(source: str, node: Any) -> Node:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if isinstance(node, ScalarNode):
        return Node(source, line, column, None if _is_null(node) else _joined(node.value))
    if isinstance(node, SequenceNode):
        return Node(source, line, column, items=tuple(_node(source, item) for item in node.value))
    if not isinstance(node, MappingNode):
        raise WorldError(source, line, column, "what is this?")
    entries: dict[str, Node] = {}
    keys: dict[str, Node] = {}
    for key, value in node.value:
        at = _node(source, key)
        name = at.scalar()
        if name in entries:
            raise at.wrong(f"the key {name!r} comes twice")
        entries[name], keys[name] = _node(source, value), at
    return Node(source, line, column, entries=entries, keys=keys)


def _is_null(node: Any) -> bool:
    return node.style is None and node.value in _NULLS


def _joined(text: str) -> str:
    """JSON writes what lies beyond 16 bits as two escapes."""
    return (
        text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if max(text, default="") >= "\ud800"
        else text
    )
