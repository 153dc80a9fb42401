"""One small virtual lens, photographed once for all tests of this folder."""

from __future__ import annotations

import pytest
from lens_cases import SmallLens, photographed


@pytest.fixture(scope="session")
def small_lens(tmp_path_factory: pytest.TempPathFactory) -> SmallLens:
    return photographed(tmp_path_factory.mktemp("lens"))


@pytest.fixture(scope="session")
def same_aperture(tmp_path_factory: pytest.TempPathFactory) -> SmallLens:
    """Both folders at f/5.6: the same scenes from a shaken tripod, other noise."""
    return photographed(tmp_path_factory.mktemp("identity"), degraded_aperture=5.6)
