"""Scenes: repeatable, positively skewed, correlated in colour, shipped with their licences."""

from __future__ import annotations

import numpy as np
import pytest

from lenscal.resource_files import resource
from lenscal.virtual.scenes import SceneKind, make_scene, photo_textures, pink_noise

SIZE = (500, 700)


@pytest.mark.parametrize("kind", list(SceneKind))
def test_looks_like_linear_light(kind: SceneKind) -> None:
    scene = make_scene(kind, SIZE, np.random.default_rng(5))
    assert scene.shape == (*SIZE, 3)
    assert scene.dtype == np.float32
    assert scene.min() > 0
    assert 0.03 < np.median(scene) < 0.5
    z = (scene - scene.mean()) / scene.std()
    assert (z**3).mean() > 0.7
    assert np.corrcoef(np.log(scene).reshape(-1, 3).T).min() > 0.4


def test_seeded_scenes_repeat_and_others_differ() -> None:
    first, again, other = (
        make_scene(SceneKind.LEAVES, (200, 300), np.random.default_rng(s)) for s in (1, 1, 2)
    )
    assert (first == again).all()
    assert np.abs(first - other).mean() > 0.05


def test_leaves_leave_few_flat_places() -> None:
    scene = np.log(make_scene(SceneKind.LEAVES, (640, 960), np.random.default_rng(7))[..., 1])
    blocks = scene.reshape(20, 32, 30, 32).std(axis=(1, 3))
    assert np.median(blocks) > 0.15
    assert (blocks < 0.02).mean() < 0.15


def test_pink_noise_falls_with_frequency() -> None:
    power = np.abs(np.fft.rfft2(pink_noise(256, np.random.default_rng(0)))) ** 2
    assert power[0, 4:8].mean() / power[0, 64:128].mean() > 50


def test_every_shipped_photo_has_its_licence() -> None:
    names = {path.name for path in resource("scenes").glob("*.jpg")}
    lines = resource("scenes", "LICENCES.md").read_text().splitlines()
    listed = {line.split("|")[1].strip() for line in lines if "CC0 1.0 |" in line}
    assert names == listed
    assert len(photo_textures()) == len(names) >= 15
    assert sum(path.stat().st_size for path in resource("scenes").iterdir()) < 3_000_000
