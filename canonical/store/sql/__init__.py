"""The store over SQL: SQLite by default, PostgreSQL for more. The only room that knows SQLAlchemy."""
