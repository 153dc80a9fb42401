"""The second paper's restoration: figures, and one picture restored with every prior."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from known_kernels import KnownKernels

from lenscal.benchmark.papers import blind_restoration
from lenscal.benchmark.papers.blind_restoration import FAMILIES, PRIORS, kernel_errors, tables
from lenscal.deblur import joint, posterior
from lenscal.resource_files import resource
from lenscal.stepping import finish
from lenscal.virtual.shakes import ShakeFamily, drawn_kernels

SIZE = 15


def test_errors_are_those_of_kernels_on_one_scale() -> None:
    first, other = drawn_kernels(2, SIZE, 1, ShakeFamily.MOTION)
    same = kernel_errors(first, first)
    assert same["mse"] == same["mae"] == 0
    assert same["mnc"] == pytest.approx(1) and same["ncc"] == pytest.approx(1)
    middle = np.zeros((SIZE, SIZE))
    middle[5:9, 4:11] = first[5:9, 4:11]
    moved = np.roll(middle, (2, -1), (0, 1))
    assert kernel_errors(moved, middle)["mnc"] == pytest.approx(1)
    assert kernel_errors(moved, middle)["mse"] > 0
    assert kernel_errors(other, first)["mnc"] < 0.99


def test_a_picture_is_restored_with_every_prior(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blind_restoration, "PRIORS", ("correct", "ours"))
    smaller = {"N_PARTICLES": 4, "N_LEVELS": 6, "N_STEPS": 2, "REFINE_STEPS": 1}
    for name, value in smaller.items():
        monkeypatch.setattr(posterior, name, value)
    for name, value in {"N_LEVELS": 2, "N_STEPS": 1, "N_PIECES": 1}.items():
        monkeypatch.setattr(joint, name, value)
    picture = cv2.imread(str(resource("scenes") / "house.jpg"))
    picture = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    picture = np.ascontiguousarray(picture[:160, :160, ::-1]).astype(np.float32) / 255
    prior: Any = KnownKernels(drawn_kernels(20, SIZE, 3, ShakeFamily.MOTION))
    priors = {(name, family): prior for name in PRIORS for family in FAMILIES}
    work = blind_restoration._measured(picture, 0, ShakeFamily.MOTION, 0.02, priors)
    rows = finish(work)
    assert [(row["prior"], row["method"]) for row in rows] == [
        ("none", ""),
        ("true kernel", ""),
        ("correct", "sampling"),
        ("ours", "sampling"),
        ("correct", "joint"),
        ("ours", "joint"),
    ]
    by_prior = {row["prior"]: row for row in rows[:4]}
    assert by_prior["true kernel"]["psnr"] > by_prior["none"]["psnr"] + 1
    # The same prior under four names: the same chance, the same kernel.
    assert by_prior["correct"]["mnc"] == by_prior["ours"]["mnc"]
    means = blind_restoration._means([*rows, *rows])
    (table,) = tables({"rows": means})
    assert len(table.rows) == len(rows)
    assert all(len(row) == len(table.heads) for row in table.rows)
    assert means[0]["n"] == 2
    assert means[0]["psnr"] == pytest.approx(rows[0]["psnr"])
