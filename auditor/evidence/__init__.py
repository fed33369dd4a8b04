"""The evidence store: append-only records, their parts separately deletable, in SQLite or PostgreSQL.

SQLAlchemy and Alembic are imported by whoever opens a store, never by importing this package.
"""
