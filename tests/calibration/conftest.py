"""One small virtual lens, photographed once for all tests of this folder."""

from __future__ import annotations

import pytest
from early_ends import end_fits_early
from lens_cases import SmallLens, photographed


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits that end early, for what does not ask how good kernels are."""
    end_fits_early(monkeypatch)


@pytest.fixture(scope="session")
def small_lens(tmp_path_factory: pytest.TempPathFactory) -> SmallLens:
    return photographed(tmp_path_factory.mktemp("lens"))


@pytest.fixture(scope="session")
def same_aperture(tmp_path_factory: pytest.TempPathFactory) -> SmallLens:
    """Both folders at f/5.6: the same scenes from a shaken tripod, other noise."""
    return photographed(tmp_path_factory.mktemp("identity"), degraded_aperture=5.6)
