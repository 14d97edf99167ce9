from pathlib import Path

import pytest

from ezp2p.store.place import HOME_VARIABLE, data_folder


def test_the_folder_belongs_to_the_program_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    folder = data_folder()
    assert folder.is_absolute()
    assert "ezp2p" in folder.parts


def test_a_portable_program_keeps_its_data_where_it_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "stick"))
    assert data_folder() == tmp_path / "stick"


def test_an_empty_variable_names_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, "")
    assert "ezp2p" in data_folder().parts
