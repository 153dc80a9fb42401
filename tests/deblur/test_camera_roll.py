"""A camera that turns while its shutter is open: the blur of corners, found and undone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from lenscal.blur.operator import A
from lenscal.deblur import blind
from lenscal.deblur import roll as rolls
from lenscal.deblur.blind import FoundKernels, noise_spread_of
from lenscal.deblur.reference import sharp_pieces
from lenscal.deblur.roll import Roll, find_roll, parts_of, turned
from lenscal.deblur.settings import DeblurSettings
from lenscal.files.population.population_file import Population
from lenscal.jobs.populations.deblurring import FoundBlur
from lenscal.raw.decode import decode_photo
from lenscal.raw.pictures.kinds import Light
from lenscal.reports import Report
from lenscal.resource_files import resource
from lenscal.stepping import Job, finish
from lenscal.virtual.shakes import ShakeFamily, drawn_kernels

SIZE = 15
SIZE_OF_PHOTO = 800, 1120


def test_without_a_turn_a_kernel_stays_as_it_is() -> None:
    kernel = drawn_kernels(1, SIZE, 0, ShakeFamily.MOTION)
    same = turned(kernel, np.zeros(2), np.array([[300.0, -400.0]]))[0]
    margin = (same.shape[-1] - SIZE) // 2
    np.testing.assert_allclose(same[:, margin:-margin, margin:-margin], kernel, atol=1e-6)


def test_light_moves_as_the_camera_turns() -> None:
    kernel = np.zeros((1, SIZE, SIZE), np.float32)
    kernel[0, SIZE // 2, SIZE // 2 + 3] = 1
    # Three px to the right turn it by 0.006; 500 px to the right of the middle that is 3 px down.
    at = turned(kernel, np.array([0.002, 0.0]), np.array([[0.0, 500.0], [500.0, 0.0]]))[:, 0]
    axis = np.arange(at.shape[-1]) - at.shape[-1] // 2
    down, right = at.sum(2) @ axis, at.sum(1) @ axis
    np.testing.assert_allclose(down, [3, 0], atol=1e-5)
    np.testing.assert_allclose(right, [3, 0], atol=1e-5)


@pytest.fixture(scope="module")
def scene() -> Any:
    picture = cv2.imread(str(resource("scenes") / "city.jpg"))[..., ::-1]
    picture = cv2.resize(picture, SIZE_OF_PHOTO[::-1], interpolation=cv2.INTER_AREA)
    return picture.astype(np.float32) / 255


def found_in(scene: Any, true: Roll, kernel: Any, path: Path) -> Roll | None:
    """What is found in a photo whose camera turned."""
    grid = FoundKernels(kernel[None], np.ones(1), kernel, 1.0, 1.0, roll=true).grid(SIZE_OF_PHOTO)
    blurred = A(torch.from_numpy(scene.transpose(2, 0, 1)), grid).numpy().transpose(1, 2, 0)
    seen = blurred + 0.01 * np.random.default_rng(0).standard_normal(scene.shape)
    cv2.imwrite(str(path), (seen.clip(0, 1)[..., ::-1] * 65535).astype(np.uint16))
    frame = decode_photo(path, light=Light.STORED)
    parts = parts_of(frame, sharp_pieces(Light.STORED), noise_spread_of(frame))
    return finish(find_roll(parts, kernel, frame.size))


def test_a_turn_is_found_and_none_where_there_is_none(
    scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolls, "_SCENE_STEPS", 12)
    monkeypatch.setattr(rolls, "_STRENGTHS", (0.5, 1.0))
    kernel = drawn_kernels(12, SIZE, 3, ShakeFamily.MOTION)[4:5]
    half_diagonal = np.hypot(*SIZE_OF_PHOTO) / 2
    true = Roll((0.0, 0.8 / half_diagonal), 1.0)
    assert found_in(scene, Roll((0.0, 0.0), 1.0), kernel, tmp_path / "still.png") is None
    found = found_in(scene, true, kernel, tmp_path / "turned.png")
    assert found is not None
    one = FoundKernels(kernel[None], np.ones(1), kernel, 1.0, 1.0)
    of_truth = one_row(true.field(kernel, SIZE_OF_PHOTO))
    errors = [
        float(np.square(of_truth - one_row(field)).sum())
        for field in (found.field(kernel, SIZE_OF_PHOTO), one.grid(SIZE_OF_PHOTO).kernels)
    ]
    assert errors[0] < 0.3 * errors[1]


def test_a_plain_middle_leaves_the_kernel_of_the_whole_photo(
    scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roll = Roll((0.0, 0.001), 1.0)

    def turned_so(*_: object) -> Job[Roll]:
        yield Report("deblur", "")
        return roll

    def not_again(_: object) -> Job[FoundKernels]:
        raise AssertionError
        yield

    monkeypatch.setattr(blind, "find_roll", turned_so)
    monkeypatch.setattr(blind, "parts_of", lambda *_: [])
    height, width = SIZE_OF_PHOTO
    plain = scene.copy()
    plain[height // 5 : -height // 5, width // 5 : -width // 5] = 0.5
    path = tmp_path / "plain.png"
    cv2.imwrite(str(path), (plain[..., ::-1] * 65535).astype(np.uint16))
    frame = decode_photo(path, light=Light.STORED)
    kernel = drawn_kernels(1, SIZE, 0, ShakeFamily.MOTION)
    found = FoundKernels(kernel[None], np.ones(1), kernel, 1.0, 1.0)
    kept = finish(blind.with_roll(found, frame, not_again))
    assert kept.roll == roll and kept.kernel is kernel


def test_progress_goes_on_while_a_turn_is_looked_for_and_kernels_are_sought_again(
    scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, of_middle = (
        FoundKernels(kernel[None], np.ones(1), kernel, 1.0, 1.0)
        for kernel in drawn_kernels(2, SIZE, 0, ShakeFamily.MOTION)[:, None]
    )

    def in_steps(value: Any) -> Any:
        def work(*_: object) -> Job[Any]:
            for fraction in (0.0, 0.5, 1.0):
                yield Report("deblur", "", fraction)
            return value

        return work

    monkeypatch.setattr(blind, "find_roll", in_steps(Roll((0.0, 0.001), 1.0)))
    monkeypatch.setattr(blind, "parts_of", lambda *_: [])
    path = tmp_path / "turned.png"
    cv2.imwrite(str(path), (scene[..., ::-1] * 65535).astype(np.uint16))
    source = FoundBlur(Population(None, {}), DeblurSettings())  # type: ignore[arg-type]
    monkeypatch.setattr(FoundBlur, "_way", lambda _: way(in_steps, found, of_middle))
    work = source.kernels_of(decode_photo(path, light=Light.STORED))
    fractions = []
    while True:
        try:
            fractions.append(next(work).fraction)
        except StopIteration as end:
            assert end.value.kernel is of_middle.kernel and end.value.roll is not None
            break
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1


def way(in_steps: Any, *found: FoundKernels) -> Job[Any]:
    """Kernels that are found one after the other."""
    left = list(found)
    return lambda _: in_steps(left.pop(0))()
    yield


def one_row(field: Any) -> Any:
    """The kernels of one channel at all nodes, of one size."""
    grey = np.broadcast_to(field, (*rolls.NODES, *field.shape[2:]))[:, :, 0]
    margin = (rolls.MOST_PX - grey.shape[-1]) // 2
    return np.pad(grey, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
