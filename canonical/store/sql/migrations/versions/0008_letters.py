"""Values of modules' records are searched letter by letter: what was folded further is folded anew."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from canonical.letters import fold_letters
from canonical.values import fold

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SEPARATOR = "\x1f"
BATCH = 1_000
RECORDS = sa.table(
    "module_record",
    *(sa.column(name, sa.BigInteger) for name in ("tenant_id", "id")),
    *(sa.column(name, sa.Text) for name in ("values", "search")),
)


def upgrade() -> None:
    _fold_anew(letters=True)


def downgrade() -> None:
    _fold_anew(letters=False)


def _folded(text: str, letters: bool) -> str:
    text = text.replace(SEPARATOR, " ")
    return fold_letters(text) if letters else fold(text)


def _fold_anew(*, letters: bool) -> None:
    connection = op.get_bind()
    rows = sa.select(RECORDS).where(RECORDS.c.search.is_not(None)).order_by(RECORDS.c.tenant_id, RECORDS.c.id)
    change = (
        sa.update(RECORDS)
        .where(RECORDS.c.tenant_id == sa.bindparam("of"), RECORDS.c.id == sa.bindparam("one"))
        .values(search=sa.bindparam("folded"))
    )
    at = (-1, -1)
    while True:
        after = sa.or_(RECORDS.c.tenant_id > at[0], sa.and_(RECORDS.c.tenant_id == at[0], RECORDS.c.id > at[1]))
        batch = connection.execute(rows.where(after).limit(BATCH)).all()
        if not batch:
            return
        at = (batch[-1][0], batch[-1][1])
        changed = []
        for tenant_id, id, values, search in batch:
            folded = SEPARATOR.join(_folded(value, letters) for _, value, _ in json.loads(values))
            if folded != search:
                changed.append({"of": tenant_id, "one": id, "folded": folded})
        if changed:
            connection.execute(change, changed)
