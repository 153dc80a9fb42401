"""A correction that rings is recognised on the photo's own edges, and taken back as far."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lenscal.jobs.photo_work import RowsInMemory
from lenscal.raw.frame import NoiseModel
from lenscal.restore.ringing.strength import (
    ALLOWED,
    edges_after,
    ringing,
    strength_for,
    together,
    without_rings,
)
from lenscal.restore.tiles import ArrayPhoto
from lenscal.stepping import finish

NOISE = NoiseModel((1e-4,) * 3, (1e-6,) * 3)


def chart(sigma: float = 1.5) -> ArrayPhoto:
    """Squares of grey, blurred."""
    fine = 4
    y, x = np.mgrid[: 400 * fine, : 600 * fine] / fine
    on = ((x + 0.13 * y) % 90 < 45) & ((y - 0.13 * x) % 90 < 45)
    picture = cv2.GaussianBlur(np.where(on, 0.6, 0.15), (0, 0), sigma * fine)
    picture = cv2.resize(picture, (600, 400), interpolation=cv2.INTER_AREA)
    rng = np.random.default_rng(0)
    rgb = picture[..., None] + 0.002 * rng.standard_normal((400, 600, 3))
    return ArrayPhoto(rgb.astype(np.float32), NOISE, np.ones(3, np.float32))


def sharpened(photo: ArrayPhoto, amount: float, sigma: float) -> NDArray[np.float32]:
    blurred = cv2.GaussianBlur(photo.rgb, (0, 0), sigma)
    return np.asarray(photo.rgb + amount * (photo.rgb - blurred), np.float32)


def kept(photo: ArrayPhoto, rgb: NDArray[np.float32]) -> RowsInMemory:
    store = RowsInMemory(photo.size)
    store.put(range(photo.size[0]), rgb)
    return store


def worst(photo: ArrayPhoto, store: RowsInMemory) -> float:
    edges = together(list(edges_after(photo, store)))
    assert edges is not None
    return float(np.quantile(ringing(edges), 0.8))


def test_a_clean_correction_stays_as_it_is() -> None:
    photo = chart()
    result = sharpened(photo, 0.15, 1.5)
    store = kept(photo, result)
    mask = np.full(photo.size, 255, np.uint8)
    assert finish(without_rings(photo, store, mask)) is None
    assert np.array_equal(store[:, :], result)
    assert (mask == 255).all()


def test_rings_are_taken_back_until_edges_are_clean() -> None:
    photo = chart()
    store = kept(photo, sharpened(photo, 3.0, 3.0))
    assert worst(photo, store) > 0.3
    mask = np.full(photo.size, 255, np.uint8)
    strength = finish(without_rings(photo, store, mask))
    assert strength is not None
    assert 0.03 < strength.mean < 0.5
    assert worst(photo, store) < 1.2 * ALLOWED
    # The mask says how much is left of it.
    assert abs(mask.mean() / 255 - strength.mean) < 0.05
    assert f"{strength.mean:.0%}" in strength.in_words()


def test_rings_of_one_colour_count() -> None:
    photo = chart()
    rgb = photo.rgb.copy()
    rgb[..., 2] = sharpened(photo, 3.0, 3.0)[..., 2]
    assert finish(without_rings(photo, kept(photo, rgb))) is not None


def test_only_the_part_that_rings_is_weakened() -> None:
    photo = chart()
    rgb = sharpened(photo, 0.15, 1.5)
    rgb[:, 400:] = sharpened(photo, 3.0, 3.0)[:, 400:]
    strength = finish(without_rings(photo, kept(photo, rgb)))
    assert strength is not None
    rows = strength.rows(range(0, 400), photo.size)
    assert rows[:, -1].max() < 0.6
    assert rows[:, 0].min() > 0.9


def test_photos_without_edges_are_left_alone() -> None:
    rng = np.random.default_rng(0)
    rgb = 0.3 + 0.01 * rng.standard_normal((200, 300, 3))
    photo = ArrayPhoto(rgb.astype(np.float32), NOISE, np.ones(3, np.float32))
    edges = together(list(edges_after(photo, kept(photo, photo.rgb * 2))))
    assert strength_for(edges, photo.size) is None
