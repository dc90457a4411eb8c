"""The obvious app: Flask, SQLAlchemy's ORM, marshmallow and json (lxml for XML), written as their guides show it.

It answers what the floor answers, over the floor's database file, and ``GET /tasks/7.xml``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import flask
import sqlalchemy as sa
from lxml import etree
from marshmallow import Schema, fields
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship

from bench import rows
from canonical.values import sql_time


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]


class Company(Base):
    __tablename__ = "companies"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Task(Base):
    __tablename__ = "tasks"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    body: Mapped[str | None]
    category: Mapped[str | None]
    state: Mapped[str]
    is_closed: Mapped[bool]
    priority: Mapped[int | None]
    due_at: Mapped[str | None]
    start_at: Mapped[str | None]
    completed_at: Mapped[str | None]
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    creator_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    modifier_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    company_id: Mapped[int | None] = mapped_column(sa.ForeignKey("companies.id"))
    created_at: Mapped[str]
    updated_at: Mapped[str]
    owner: Mapped[User] = relationship(foreign_keys=[owner_id])
    creator: Mapped[User] = relationship(foreign_keys=[creator_id])
    modifier: Mapped[User] = relationship(foreign_keys=[modifier_id])
    company: Mapped[Company | None] = relationship()
    __table_args__ = (
        sa.Index("tasks_by_due", "is_closed", "due_at", "id"),
        sa.Index("tasks_by_owner", "owner_id", "is_closed", "due_at", "id"),
        sa.Index("tasks_by_title", sa.text("title COLLATE NOCASE"), "id"),
        sa.Index("tasks_by_company", "company_id"),
    )


class UserSchema(Schema):
    id = fields.Integer()
    username = fields.String()


class CompanySchema(Schema):
    id = fields.Integer()
    name = fields.String()


class TaskSchema(Schema):
    id = fields.Integer(dump_only=True)
    title = fields.String(required=True)
    body = fields.String(allow_none=True)
    category = fields.String(allow_none=True)
    state = fields.String(dump_only=True)
    priority = fields.Integer(allow_none=True)
    due_at = fields.String(allow_none=True)
    start_at = fields.String(allow_none=True)
    completed_at = fields.String(dump_only=True)
    created_at = fields.String(dump_only=True)
    updated_at = fields.String(dump_only=True)
    company_id = fields.Integer(load_only=True)
    owner = fields.Nested(UserSchema, dump_only=True)
    creator = fields.Nested(UserSchema, dump_only=True)
    modifier = fields.Nested(UserSchema, dump_only=True)
    company = fields.Nested(CompanySchema, dump_only=True)


EAGER = (joinedload(Task.owner), joinedload(Task.creator), joinedload(Task.modifier), joinedload(Task.company))


def open_engine(path: Path) -> sa.Engine:
    """As durable as ours."""
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return engine


def create_app(path: Path) -> flask.Flask:
    """The Flask application over the floor's database."""
    app = flask.Flask("obvious")
    engine = open_engine(path)
    schema = TaskSchema()
    many = TaskSchema(many=True)

    def answer(data: Any, status: int = 200) -> flask.Response:
        return flask.Response(json.dumps(data), status, mimetype="application/json")

    @app.get("/tasks/<int:id>")
    def one(id: int) -> flask.Response:
        with Session(engine) as session:
            task = session.scalars(sa.select(Task).options(*EAGER).where(Task.id == id)).one()
            return answer(schema.dump(task))

    @app.get("/tasks/<int:id>.xml")
    def one_xml(id: int) -> flask.Response:
        with Session(engine) as session:
            task = session.scalars(sa.select(Task).options(*EAGER).where(Task.id == id)).one()
            root = element("task", schema.dump(task))
            body = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
            return flask.Response(body, mimetype="application/xml")

    @app.get("/tasks")
    def page() -> flask.Response:
        asked = flask.request.args
        wanted = sa.select(Task)
        if "is_closed" in asked:
            wanted = wanted.where(Task.is_closed == (asked["is_closed"] == "1"))
        if "contains" in asked:
            wanted = wanted.where(Task.title.icontains(asked["contains"]))
        with Session(engine) as session:
            total = session.scalar(sa.select(sa.func.count()).select_from(wanted.subquery()))
            ordered = wanted.options(*EAGER).order_by(Task.due_at, Task.id)
            found = session.scalars(ordered.limit(asked.get("limit", 50, int)).offset(asked.get("offset", 0, int)))
            return answer({"total": total, "items": many.dump(found.all())})

    @app.post("/tasks")
    def create() -> flask.Response:
        sent = schema.load(flask.request.get_json())
        now = sql_time(rows.NOW)
        mine = {"owner_id": 1, "creator_id": 1, "modifier_id": 1}
        with Session(engine) as session:
            task = Task(**sent, **mine, state="open", is_closed=False, created_at=now, updated_at=now)
            session.add(task)
            session.commit()
            return answer(schema.dump(task), 201)

    return app


def element(name: str, value: Any) -> Any:
    """A dumped value as an lxml element."""
    made = etree.Element(name)
    if isinstance(value, dict):
        made.extend([element(key, inner) for key, inner in value.items() if inner is not None])
    else:
        made.text = str(value)
    return made


def model(task: rows.Task) -> Task:
    """A made-up task as the ORM's object."""
    return Task(
        id=task.id,
        title=task.title,
        body=task.body,
        category=task.category,
        state=task.state,
        is_closed=task.state == "completed",
        priority=task.priority,
        due_at=sql_time(task.due_at),
        start_at=sql_time(task.start_at),
        completed_at=None if task.completed_at is None else sql_time(task.completed_at),
        owner_id=task.owner_id,
        creator_id=task.creator_id,
        modifier_id=task.modifier_id,
        company_id=task.company_id,
        created_at=sql_time(task.created_at),
        updated_at=sql_time(task.updated_at),
    )
