from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from crackscope.errors import SettingsError
from crackscope.serving.app import create_app
from crackscope.serving.database import migrate, open_database
from crackscope.serving.models import Base
from crackscope.serving.settings import ServeSettings


def test_migrations_make_the_tables_of_the_models() -> None:
    engine = create_engine("sqlite://")
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_an_up_to_date_database_is_left_alone(tmp_path: Path) -> None:
    open_database(None, tmp_path)
    sessions = open_database(None, tmp_path)
    with sessions() as session:
        tables = set(inspect(session.get_bind()).get_table_names())
    assert tables == {*Base.metadata.tables, "alembic_version"}


def test_a_database_that_can_t_be_opened_is_said_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be opened") as caught:
        open_database("postgresql+nothing://user:secret@nowhere/x", tmp_path)
    assert "secret" not in str(caught.value)


def test_one_data_folder_has_one_server(model: Path, tmp_path: Path) -> None:
    settings = ServeSettings(data_dir=tmp_path, model=model, threads=1)
    app = create_app(settings)
    with pytest.raises(SettingsError, match="another crackscope serve"):
        create_app(settings)
    app.state.server.lock.release()
