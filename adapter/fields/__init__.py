"""Tables of fields: what a row is, how its value is told, and the writers that are generated from whole tables."""

from adapter.fields.row import Row as Row
