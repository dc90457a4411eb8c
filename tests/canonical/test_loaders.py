"""Records made out of rows are what their class makes of the same values."""

from __future__ import annotations

import pytest

from canonical.model import KINDS, KindSpec, Party
from canonical.store.sql.loaders import JOINED, reading

SAMPLES = {
    "text": "x",
    "int": 5,
    "flag": 1,
    "instant": 1_400_000_000_000_000,
    "date": "2014-05-13",
    "money": 7,
    "extras": '{"a":{"b":1}}',
}
READ = {"flag": True, "extras": {"a": {"b": 1}}}


@pytest.mark.parametrize("spec", KINDS.values(), ids=lambda spec: spec.name)
def test_a_loaded_record_is_what_its_class_makes(spec: KindSpec) -> None:
    row = [SAMPLES[field.type] for field in spec.fields]
    values = {field.name: READ.get(field.type, SAMPLES[field.type]) for field in spec.fields}
    joins = {join.attribute: f"of {join.field}" for join in spec.joins}
    assert JOINED[spec.record]([*row, *joins.values()], {}) == spec.record(**values, **joins)
    others = {join.attribute: f"of {join.field}" for join in spec.joins if join.kind != "user"}
    users = dict.fromkeys((join.attribute for join in spec.joins if join.kind == "user"), "ann")
    assert reading(spec.record).load([*row, *others.values()], {5: "ann"}) == spec.record(**values, **others, **users)
    if users:
        with pytest.raises(KeyError):
            reading(spec.record).load([*row, *others.values()], {})


@pytest.mark.parametrize("spec", KINDS.values(), ids=lambda spec: spec.name)
def test_what_is_missing_is_none_no_or_empty(spec: KindSpec) -> None:
    row = [None] * (len(spec.fields) + len(spec.joins))
    empty = {"flag": False, "extras": {}}
    values = {field.name: empty.get(field.type) for field in spec.fields}
    assert JOINED[spec.record](row, {}) == spec.record(**values)


def test_a_field_that_was_not_read_has_its_default() -> None:
    how = reading(Party, ("name", "owner_username"))
    row = ["x" if field.type == "text" else 5 for field in how.spec.fields]
    made = how.load(row, {5: "ann"})
    assert (made.name, made.owner_username, made.extras, made.industry, made.links) == ("x", "ann", {}, None, ())
