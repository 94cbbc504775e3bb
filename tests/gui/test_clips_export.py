"""The export panel with formats that make folders, and what it says before anything is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from studio.audio import files
from studio.export import making
from studio.gui.pages.clips import ClipsPage
from studio.gui.session import Problem
from tests.gui.clipping import choose


@pytest.fixture
def page(clips_page: ClipsPage) -> ClipsPage:
    return clips_page


def switch(page: ClipsPage, format: str) -> None:
    page.export.format.setCurrentIndex(page.export.format.findData(format))


def test_every_format_is_offered_with_a_name_and_a_size(page: ClipsPage, qtbot):
    choose(page, "Tom", "Hat")
    for row in range(page.export.format.count()):
        page.export.format.setCurrentIndex(row)
        assert page.export.preview.words and page.export.needed.words.startswith("About "), page.export.format.itemText(row)
        assert page.export.start.isEnabled()


def test_the_size_follows_the_options(page: ClipsPage, qtbot):
    switch(page, "wav")
    choose(page, "Tom")
    clip = page.list.current
    options = page.export.options()
    needed = page.export.exporter.predict(page.export._items, options)
    assert page.export.needed.words == f"About {making.said(needed)}" and needed > clip.frames * 3
    page.export.form.row("bits").setCurrentText("16")
    page.export.form.changed.emit(page.export.form.values)
    smaller = page.export.exporter.predict(page.export._items, page.export.options())
    assert smaller == needed - clip.frames - 1  # a padding byte less


def test_a_disk_without_room_is_said_before_pressing(page: ClipsPage, qtbot, monkeypatch):
    switch(page, "wav")
    usage = shutil.disk_usage(page.export.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=making.SPARE + 10))
    choose(page, "Tom")
    assert not page.export.start.isEnabled() and "only 10 bytes are free" in page.export.needed.words


def test_nested_names_are_shown_as_they_will_be(page: ClipsPage, qtbot):
    switch(page, "wav")
    choose(page, "Tom", "Hat")
    page.export.template.setText("{label}/{name}")
    assert page.export.preview.words == "kick/Tom.wav and 1 more"
    page.export.start.click()
    qtbot.waitUntil(lambda: page.export.results.count() == 2)
    assert {p.relative_to(page.export.folder).as_posix() for p in page.export.folder.rglob("*.wav")} == {
        "kick/Tom.wav", "kick/Hat.wav"
    }  # fmt: skip
    assert page.export.preview.words == "kick/Tom 2.wav and 1 more"


def test_an_instrument_is_a_folder_among_the_results(page: ClipsPage, qtbot):
    said: list[str] = []
    page._session.told.connect(said.append)
    choose(page, "Tom", "Hat")
    switch(page, "sfz")
    assert page.export.preview.words == "Tom/"
    page.export.start.click()
    qtbot.waitUntil(lambda: page.export.results.count() == 1)
    made = page.export.folder / "Tom"
    assert page.export.results.chosen == [made]
    assert sorted(p.name for p in made.rglob("*") if p.is_file()) == ["Hat.wav", "Tom.sfz", "Tom.wav"]
    assert said[-1] == "3 files exported" and page.export.preview.words == "Tom 2/"


def test_a_pack_with_a_broken_clip_says_so(page: ClipsPage, qtbot):
    session = page._session
    assert session.project is not None
    broken = next(clip for clip in session.project.clips() if clip.name == "Hat")
    session.project.clip_path(broken.id).write_bytes(b"")
    problems: list[Problem] = []
    session.problem.connect(problems.append)
    choose(page, "Tom", "Hat")
    switch(page, "pack")
    page.export.start.click()
    qtbot.waitUntil(lambda: page.export.results.count() == 1, timeout=20_000)
    root: Path = page.export.results.chosen[0]
    assert files.probe(root / "kick" / "Tom.wav").frames and (root / "Cover.png").is_file()
    assert "1 of 2" in problems[-1].sentence and "Hat" in problems[-1].details
