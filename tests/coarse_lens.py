"""A virtual lens traced at fewer places: most of what a small photo of it costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lenscal.virtual import camera


@contextmanager
def traced_coarsely() -> Iterator[pytest.MonkeyPatch]:
    """Within, kernels stand at a tenth of the places: enough for a field so smooth, in photos that
    are not compared with the lens's own kernels pixel by pixel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(camera, "_STEPS_ACROSS", 6)
        # Fields of before would be taken, and these kept for what comes after.
        camera.blur_field.cache_clear()
        yield patch
        camera.blur_field.cache_clear()
