"""What a wide screen does to the pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from desktop import drop
from pytestqt.qtbot import QtBot

from lenscal.gui.main_window import MainWindow
from lenscal.gui.widgets.sides import SETTINGS_PX
from lenscal.session import Step


@pytest.mark.parametrize(("width", "wide"), [(1280, False), (3840, True)])
def test_the_export_list_stands_beside_the_settings_where_there_is_room(
    qtbot: QtBot, window: MainWindow, width: int, wide: bool
) -> None:
    window.resize(width, 1000)
    window.go_to(Step.EXPORT)
    qtbot.waitUntil(lambda: window.export_page.sides.wide == wide)
    page = window.export_page

    def beside() -> bool:
        queue, folder = (
            widget.mapTo(page, widget.rect().topLeft()) for widget in (page.queue, page.folder)
        )
        return queue.x() > folder.x() + page.folder.width()

    qtbot.waitUntil(lambda: beside() == wide)
    qtbot.waitUntil(
        lambda: (page.template.width() < SETTINGS_PX) and page.queue.width() > 0.6 * page.width()
    )
    assert page.photos_button.isVisible() and page.psf_button.isVisible()


@pytest.mark.parametrize(("width", "columns"), [(1280, 1), (1300, 1), (2400, 2), (3840, 4)])
def test_photos_fill_as_many_columns_as_there_is_room_for(
    qtbot: QtBot, window: MainWindow, photo_folders: tuple[Path, Path], width: int, columns: int
) -> None:
    window.resize(width, 1000)
    drop(window.import_page.sharp.drop, [photo_folders[0]])
    panel = window.import_page.sharp
    qtbot.waitUntil(lambda: len(panel.list.previews) == 3, timeout=10_000)

    def places() -> list[int]:
        return [panel.list.visualRect(panel.list.photos.index(row, 0)).x() for row in range(3)]

    qtbot.waitUntil(lambda: len(set(places())) == min(columns, 3))
    assert panel.list.visualRect(panel.list.photos.index(0, 0)).y() < 8
    assert panel.list.gridSize().width() * columns <= panel.list.width()
    assert panel.fields.lens.width() < 560
