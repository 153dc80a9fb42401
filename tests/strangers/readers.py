"""Every reader of files that others may have made, with a good file of its kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lenscal.commands.info import _profile_in_words
from lenscal.files.checkpoint import CheckpointFile
from lenscal.files.network_weights import NetworkDescription
from lenscal.files.psf.opening import is_psf, open_psf
from lenscal.files.psf.profile import Profile, ProfilePhoto, ProfileStage, write_profile
from lenscal.files.psf.psf_fits import write_fits
from lenscal.files.psf.psf_npz import write_npz
from lenscal.files.report.content import lens_report
from lenscal.files.report.document import as_html
from lenscal.optics.psf_grid import PsfGrid
from lenscal.preferences import PreferencesFile, numerical_threads
from lenscal.prior.denoiser import UnshuffleDenoiser, load_denoiser, save_denoiser
from lenscal.project import Project, missing, read_project, session_of, write_project
from lenscal.raw.frame import NoiseModel
from lenscal.restore.network.weights import network_of
from lenscal.session import Source
from lenscal.system.json_values import without_nan


@dataclass(frozen=True)
class Reader:
    """write: makes a good file of that name; read: reads it and uses what it holds."""

    name: str
    write: Callable[[Path], Any]
    read: Callable[[Path], Any]


def grid() -> PsfGrid:
    rng = np.random.default_rng(0)
    kernels = rng.random((2, 3, 3, 5, 5)).astype(np.float32)
    kernels /= kernels.sum(axis=(-1, -2), keepdims=True)
    return PsfGrid(kernels, (400, 600), confidence=rng.random((2, 3, 3)).astype(np.float32))


def profile() -> Profile:
    return Profile(
        psf=grid(),
        noise=NoiseModel((1e-4, 2e-4, 3e-4), (1e-6, 1e-6, 2e-6), "NoiseProfile"),
        camera="Camera",
        lens="Lens",
        focal_mm=35.0,
        aperture_sharp=5.6,
        aperture_degraded=1.8,
        settings={"quality": "quick", "grid": [2, 3]},
        versions={"lenscal": "0.1.0"},
        created="2026-01-01T00:00:00+00:00",
        photos=(ProfilePhoto("a.dng", "sharp", "00ff"),),
        stages=(ProfileStage("G", 12.5, 0.3),),
        reblur={"estimate": 0.1},
        same_scenes=True,
        warnings=("careful",),
        curves={"loss": [(0, 1.5), (10, 0.3)]},
        weights={"net.0": rng_weights()},
        network=NetworkDescription(
            "lenscal restoration unshuffle 1", 0.9, wiener_db={"1": 30.0}, network_db={"1": 31.0}
        ),
        network_weights=network_weights(),
    )


def rng_weights() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(3, 2)).astype(np.float32)


def network_weights() -> dict[str, np.ndarray]:
    from lenscal.restore.network.small import SmallNetwork
    from lenscal.restore.network.weights import arrays_of

    return arrays_of(SmallNetwork(2, 1))


def use_psf(path: Path) -> None:
    """What `info --json` makes of a profile."""
    is_psf(path)
    opened = open_psf(path)
    _, values = _profile_in_words(path) if not opened.is_bare else ([], {})
    json.dumps(without_nan(values), allow_nan=False)


def use_whole_profile(path: Path) -> None:
    """The same, the network, and a report."""
    use_psf(path)
    opened = open_psf(path)
    if opened.network is not None:
        network_of(opened.network.layout, opened.network_weights)
    as_html(lens_report(open_psf(path), path.name))


def read_fits_set(path: Path) -> None:
    """The file is the red one of a set."""
    is_psf(path)
    open_psf(path.parent)


def read_checkpoint(path: Path) -> None:
    file = CheckpointFile(path, resume=True)
    file.values()
    file.load()


def use_project(path: Path) -> None:
    project = read_project(path)
    missing(project)
    session_of(project)


def use_preferences(path: Path) -> None:
    """Whatever the file holds, there are preferences."""
    file = PreferencesFile(path)
    values = file.values
    assert values is not None
    # As the window does at its start.
    assert [Path(name).is_file() for name in (*values.recent, values.cache, values.last_folder)]
    assert 1 <= numerical_threads(values) <= 1024


def write_preferences(path: Path) -> None:
    PreferencesFile(path).change(threads=2, pitches=(("Camera", 4.0),), last_folder="/tmp")


READERS = {
    reader.name: reader
    for reader in (
        Reader("lens.lenscal", lambda path: write_profile(path, profile()), use_psf),
        Reader("psf.npz", lambda path: write_npz(grid(), path), use_psf),
        Reader("psf_R.fits", lambda path: write_fits(grid(), path.parent), read_fits_set),
        Reader(
            "lens.lenscal.checkpoint",
            lambda path: CheckpointFile(path).save(
                {"made_from": {"version": "1"}}, {"a": np.eye(3)}
            ),
            read_checkpoint,
        ),
        Reader(
            "a.lensproject",
            lambda path: write_project(path, Project(Source((Path("/photos"),))), {"lenscal": "1"}),
            use_project,
        ),
        Reader("window.json", write_preferences, use_preferences),
        Reader(
            "prior.safetensors",
            lambda path: save_denoiser(UnshuffleDenoiser(4, 1), path),
            lambda path: load_denoiser(path),
        ),
        Reader("prior.pth", lambda path: save_pytorch(path), lambda path: load_denoiser(path)),
    )
}


def save_pytorch(path: Path) -> None:
    import torch

    torch.save(plain_ffdnet(), path)


def plain_ffdnet() -> dict[str, Any]:
    """Weights in FFDNet's layout, as narrow as can be."""
    import torch

    sizes = ((13, 4), (4, 12))
    return {
        f"model.{2 * n}.{part}": torch.zeros(*shape)
        for n, (before, after) in enumerate(sizes)
        for part, shape in (("weight", (after, before, 3, 3)), ("bias", (after,)))
    }
