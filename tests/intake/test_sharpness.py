"""Photos that are out of focus or shaken are told by their own edges; what photos can be expected
to give is said before anything is learnt."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from charts import shaken, squares, write_chart

from lenscal.intake.expectation import too_few_in_words
from lenscal.intake.folder import import_pair
from lenscal.intake.survey import Survey, survey
from lenscal.intake.triage import Fault, judge
from lenscal.raw.decode import decode_photo
from lenscal.stepping import finish

SIZE = (480, 640)


def photo(path: Path, light: np.ndarray, **how: float) -> Survey:
    write_chart(path, light, **how)  # type: ignore[arg-type]
    return survey(decode_photo(path))


@pytest.mark.parametrize("sigma", [0.8, 1.5, 3.0])
def test_edge_widths_are_those_of_the_blur(tmp_path: Path, sigma: float) -> None:
    edges = photo(tmp_path / "a.dng", squares(SIZE, sigma)).edges
    assert edges is not None
    # 10 to 90 % of a Gaussian edge, and the pixel and the demosaicing.
    expected = 2.56 * np.hypot(sigma, 0.4)
    assert edges.sharpest == pytest.approx(expected, rel=0.2)
    assert edges.worst_direction < 1.25 * edges.best_direction


def test_a_photo_is_judged_by_itself(tmp_path: Path) -> None:
    sharp, soft, moved = (
        photo(tmp_path / "sharp.dng", squares(SIZE, 0.8)),
        photo(tmp_path / "soft.dng", squares(SIZE, 2.5)),
        photo(tmp_path / "moved.dng", shaken(squares(SIZE, 0.8), 9)),
    )
    reasons = [judge([one], [])[0][0].reason for one in (sharp, soft, moved)]
    assert "wide" not in reasons[0]
    assert "out of focus or shaken" in reasons[1]
    assert "looks shaken" in reasons[2]


def test_of_two_photos_the_soft_one_is_left_out(tmp_path: Path) -> None:
    sharp = [photo(tmp_path / "s.dng", squares(SIZE, 0.8))]
    degraded = [photo(tmp_path / f"{n}.dng", squares(SIZE, s)) for n, s in enumerate((1.3, 2.6))]
    verdicts = judge(sharp, degraded)[1]
    assert [verdict.fault for verdict in verdicts] == [None, Fault.OUT_OF_FOCUS]
    # Who only looks at a folder is told, and loses nothing.
    alone = judge(degraded, [])[0]
    assert [verdict.fault for verdict in alone] == [None, None]
    assert "sharpest edges" in alone[1].reason


@pytest.mark.parametrize(
    ("pattern", "soft"), [("*G2*0304*", False), ("*G2*0313*", False), ("*S40*", True)]
)
def test_camera_files_are_told_apart(shared: Path, pattern: str, soft: bool) -> None:
    for path in sorted((shared / "data" / "raw").glob(pattern)):
        reason = judge([survey(decode_photo(path))], [])[0][0].reason
        assert ("shaken" in reason) is soft, path.name


def test_too_few_photos_are_said_beforehand(tmp_path: Path) -> None:
    write_chart(tmp_path / "sharp" / "a.dng", squares(SIZE, 0.8))
    write_chart(tmp_path / "degraded" / "b.dng", squares(SIZE, 1.3, angle=0.3), f_number=2)
    inputs = finish(import_pair([tmp_path / "sharp"], [tmp_path / "degraded"]))
    assert any("too few to check" in words for words in inputs.warnings)
    assert any("too few to check" in words for words in inputs.expectations)
    assert too_few_in_words(4, 4, 0) is None
    assert too_few_in_words(2, 2, 2) is None
    assert too_few_in_words(4, 3, 0) is not None


def test_a_photo_with_its_edges_where_the_lens_blurs_is_not_out_of_focus(tmp_path: Path) -> None:
    """A lens that is three times as soft to the right: one photo shows edges all over, the other
    one to the right only, as soft as the first one's there."""
    sharp = [photo(tmp_path / "s.dng", squares(SIZE, 0.8))]
    third = SIZE[1] // 3
    parts = [squares(SIZE, sigma) for sigma in (1.2, 2.2, 3.6)]
    whole = np.concatenate([p[:, n * third : (n + 1) * third] for n, p in enumerate(parts)], 1)
    whole = np.concatenate([whole, parts[2][:, 3 * third :]], 1)
    right = whole.copy()
    right[:, :third] = 0.3
    degraded = [photo(tmp_path / f"{n}.dng", light) for n, light in enumerate((whole, right))]
    edges = [one.edges for one in degraded]
    assert all(e is not None and e.count >= 30 for e in edges)
    # Taken as wholes they differ by more than photos in and out of focus do.
    assert edges[1].sharpest > 1.3 * edges[0].sharpest  # type: ignore[union-attr]
    assert [verdict.fault for verdict in judge(sharp, degraded)[1]] == [None, None]
    # One that is softer everywhere is still found.
    soft = photo(tmp_path / "soft.dng", cv2.GaussianBlur(whole, None, 3.5))
    faults = [verdict.fault for verdict in judge(sharp, [degraded[0], soft])[1]]
    assert faults == [None, Fault.OUT_OF_FOCUS]
