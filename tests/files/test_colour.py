"""White stays white, known colours land where an independent colour engine says."""

import imagecodecs
import numpy as np
import pytest

from lenscal.files.photos.colour import D50, D65, SPACES, adaptation, camera_to_space, usable
from lenscal.files.photos.export_settings import Space
from lenscal.files.photos.icc import icc_profile

SRGB = SPACES[Space.SRGB]
MATRIX = np.array([[0.8, -0.2, -0.1], [-0.4, 1.2, 0.2], [-0.1, 0.2, 0.6]])


def test_srgb_matrix_is_the_standards():
    want = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    np.testing.assert_allclose(SRGB.to_xyz, want, atol=2e-4)


def test_adaptation_moves_white_to_white_and_back():
    np.testing.assert_allclose(adaptation(D65, D50) @ D65, D50, atol=1e-12)
    np.testing.assert_allclose(adaptation(D65, D50) @ adaptation(D50, D65), np.eye(3), atol=1e-12)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("matrix", [MATRIX, None])
def test_camera_white_is_white(space, matrix):
    np.testing.assert_allclose(camera_to_space(matrix, SPACES[space]) @ np.ones(3), 1, atol=1e-3)


@pytest.mark.parametrize("space", SPACES)
def test_xyz_seen_by_the_camera_comes_back(space):
    """A colour under D65, through the camera's matrix and white balance, ends as the space's own
    value of it."""
    xyz = np.array([0.3, 0.4, 0.35])
    balanced = (MATRIX @ xyz) / (MATRIX @ D65)
    target = SPACES[space]
    want = np.linalg.solve(target.to_xyz, adaptation(D65, np.array(target.white)) @ xyz)
    np.testing.assert_allclose(camera_to_space(MATRIX, target) @ balanced, want, atol=1e-9)


@pytest.mark.parametrize(
    "bad", [None, np.zeros((3, 3)), np.full((3, 3), np.nan), np.eye(4), -MATRIX, np.ones((3, 3))]
)
def test_useless_matrices_count_as_none(bad):
    assert not usable(bad)
    np.testing.assert_array_equal(camera_to_space(bad, SRGB), camera_to_space(None, SRGB))


def test_transfer_functions_at_known_points():
    np.testing.assert_allclose(
        SRGB.encode(np.array([0.0, 0.001, 0.5, 1.0])), [0, 0.01292, 0.735357, 1], atol=1e-5
    )
    prophoto = SPACES[Space.PROPHOTO].encode(np.array([0.001, 0.5, 2.0, -1.0]))
    np.testing.assert_allclose(prophoto, [0.016, 0.5 ** (1 / 1.8), 1, 0], atol=1e-6)


@pytest.mark.parametrize("space", SPACES)
def test_icc_profile_means_the_same_to_littlecms(space):
    """Our encoded values through our profile to LittleCMS's own sRGB."""
    target = SPACES[space]
    linear = 0.2 + 0.6 * np.random.default_rng(0).random((8, 8, 3))
    inside = np.clip(linear @ np.linalg.solve(target.to_xyz_d50, SRGB.to_xyz_d50).T, 0, 1)
    encoded = (target.encode(inside) * 65535 + 0.5).astype(np.uint16)
    seen = imagecodecs.cms_transform(
        encoded,
        icc_profile(target),
        imagecodecs.cms_profile("srgb"),
        colorspace="rgb",
        outcolorspace="rgb",
        outdtype="u2",
        intent=1,
    )
    np.testing.assert_allclose(seen / 65535, SRGB.encode(linear), atol=4e-3)


@pytest.mark.parametrize("space", SPACES)
def test_icc_profile_means_the_same_as_one_that_littlecms_makes(space):
    """From the same primaries, white and a table of the curve: XYZ to within the table's steps."""
    target = SPACES[space]
    x, y, z = target.white
    encoded = np.linspace(0, 1, 4096)
    curved = ((encoded + target.offset) / (1 + target.offset)) ** target.gamma
    linear = np.where(encoded < target.toe, encoded / target.slope, curved)
    theirs = imagecodecs.cms_profile(
        "rgb",
        whitepoint=[x / (x + y + z), y / (x + y + z), 1.0],
        primaries=[value for primary in target.primaries for value in (*primary, 1.0)],
        transferfunction=(linear * 65535 + 0.5).astype(np.uint16),
    )
    pixels = np.random.default_rng(0).integers(0, 65536, (64, 64, 3)).astype(np.uint16)
    ours_xyz, theirs_xyz = (
        imagecodecs.cms_transform(
            pixels,
            profile,
            imagecodecs.cms_profile("xyz"),
            colorspace="rgb",
            outcolorspace="xyz",
            outdtype="f8",
            intent=1,
        )
        for profile in (icc_profile(target), theirs)
    )
    np.testing.assert_allclose(ours_xyz, theirs_xyz, atol=3e-5)


def test_icc_layout():
    profile = icc_profile(SRGB)
    assert len(profile) == int.from_bytes(profile[:4], "big")
    assert profile[36:40] == b"acsp"
    assert profile[68:80].hex() == "0000f6d6" + "00010000" + "0000d32d"
    assert "sRGB".encode("utf-16-be") in profile
