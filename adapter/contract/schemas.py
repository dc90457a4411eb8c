"""The shape of an exchange's metadata, as schemas: folders come from anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, INCLUDE, Schema, ValidationError, fields, validate, validates_schema

from adapter.contract.volatile import KINDS
from adapter.formats import Malformed

PLACE = validate.Regexp(
    r"(?:target|body(?: /[^\r\n]{0,1000})?|path [0-9]{1,4}|header [A-Za-z0-9_-]{1,100}"
    r"|(?:query|form|cookie) [^\r\n]{1,500})\Z"
)


class SourceSchema(Schema):
    """Where a carried value comes from: a pointer into the answer of a step, a cookie that it set, or the last id in
    one of its headers."""

    class Meta:
        unknown = EXCLUDE

    step = fields.Integer(required=True, strict=True)
    pointer = fields.String()
    cookie = fields.String()
    header = fields.String()

    @validates_schema
    def one_of_three(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("pointer" in data) == bool(data.keys() & {"cookie", "header"}) and "made" not in data:
            raise ValidationError("needs a pointer, a cookie or a header")


class CarrySchema(SourceSchema):
    """A value that a request takes over, and the places that hold it; or a token made by hand about a subject."""

    class Meta:
        unknown = EXCLUDE

    step = fields.Integer(strict=True)
    places = fields.List(fields.String(validate=PLACE), required=True, data_key="in")
    made = fields.String()
    key = fields.String(load_default="")
    exp = fields.String(load_default="")
    sub = fields.Nested(SourceSchema)

    @validates_schema
    def complete(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("made" in data) != ("sub" in data) or ("made" not in data and "step" not in data):
            raise ValidationError("needs a step, or a made token with its subject")


class VolatileSchema(Schema):
    """One place whose value changes: ``{"pointer": …}``, ``{"header": …}`` or ``{"body": true}``, and its kind."""

    class Meta:
        unknown = EXCLUDE

    kind = fields.String(required=True, validate=validate.OneOf(sorted(KINDS)))
    pointer = fields.String()
    header = fields.String()
    body = fields.Boolean(truthy={True}, falsy={False})
    scope = fields.String(load_default="")

    @validates_schema
    def one_place(self, data: Mapping[str, Any], **_: Any) -> None:
        if len(data.keys() & {"pointer", "header"}) + (data.get("body") is True) != 1:
            raise ValidationError("needs one place")


class CredentialSchema(Schema):
    """Who the client said it was: the role, how a Basic one is made, whose it is, and the places that hold it."""

    class Meta:
        unknown = EXCLUDE

    role = fields.String(required=True)
    of = fields.String(load_default="")
    user = fields.String(load_default="")
    value = fields.String(load_default="")
    places = fields.List(fields.String(validate=PLACE), load_default=list, data_key="in")


class MeaningSchema(Schema):
    """`meaning.json`: what else it holds (operation, result, …) is kept as it is."""

    class Meta:
        unknown = INCLUDE

    step = fields.Integer(required=True, strict=True)
    provenance = fields.String(load_default="")
    at = fields.Float()
    took = fields.Float()
    credentials = fields.Dict(keys=fields.String(), values=fields.Nested(CredentialSchema), load_default=dict)
    carries = fields.Dict(keys=fields.String(), values=fields.Nested(CarrySchema), load_default=dict)
    volatile = fields.List(fields.Nested(VolatileSchema), load_default=list)


_MEANING = MeaningSchema()


def load_meaning(data: Any) -> dict[str, Any]:
    """The metadata, checked. Raises Malformed, naming the first thing that is wrong."""
    try:
        loaded: dict[str, Any] = _MEANING.load(data)
    except ValidationError as error:
        raise Malformed(str(error.messages)[:200]) from None
    return loaded
