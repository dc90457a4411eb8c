"""The envelope, and the four directions without a desk: what contract tests and migration speak.

Operations are those of `canonical.operations` on `Module`, `ModuleRecord`, `LayoutPage`, `SavedChart` and `User`, and
those of `dialects.crust.codec.operations`. Computed charts, kinds of fields, workflows and jobs are no operation.
"""
