"""Opening the database: SQLite by default, any SQLAlchemy URL; brought up to date by Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from crackscope.errors import SettingsError

DATABASE_NAME = "crackscope.sqlite3"

Sessions = sessionmaker[Session]


def open_database(url: str | None, data_dir: Path) -> Sessions:
    """Connect and migrate.

    Args:
        url: Any SQLAlchemy URL; ``None`` is SQLite in ``data_dir``.
        data_dir: Exists.

    Raises:
        SettingsError: The database can't be reached or migrated.
    """
    try:
        address = url or f"sqlite:///{data_dir / DATABASE_NAME}"
        # As many connections as there can be threads that answer (40), so that none waits for another's. They
        # are tried before they are used: the database may have been restarted meanwhile.
        engine = create_engine(address, pool_size=50, pool_pre_ping=True)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _set_up_sqlite)
        migrate(engine)
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        raise SettingsError(f"the database can't be opened: {str(error).splitlines()[0]}") from error
    return sessionmaker(engine, expire_on_commit=False)


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the tables up to date; what is already up to date is left alone."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # A table that is made anew is dropped first; with foreign keys on, its rows' results and reviews
            # would go with it. Outside a transaction, where alone it has an effect.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.commit()
        try:
            with connection.begin():
                config.attributes["connection"] = connection
                command.upgrade(config, revision)
        finally:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def _set_up_sqlite(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    # WAL lets readers go on beside the writer; FULL keeps the last review also when the power fails.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
