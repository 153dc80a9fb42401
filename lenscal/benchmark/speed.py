"""Speed as ratios to yardsticks that do the unavoidable part of the same work, in one run, in
turns."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lenscal.benchmark.clock import Pace, in_turns
from lenscal.benchmark.speed_inputs import gaussian_psf, pink_photo, write_raw_photo
from lenscal.calibration.settings import CalibrationSettings, Quality
from lenscal.errors import LenscalError
from lenscal.reports import Report
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.stepping import Job, finish, follow
from lenscal.system.device import AUTO, pick_device
from lenscal.system.threads import use_threads
from lenscal.translation import translatable

_QUICK = CalibrationSettings(quality=Quality.QUICK, seed=1)


@dataclass(frozen=True, slots=True)
class SpeedSettings:
    """Sizes are (height, width) px; every measurement is repeated and the median counts."""

    device: str = AUTO
    repeats: int = 5
    import_size: tuple[int, int] = (4000, 6000)
    correct_size: tuple[int, int] = (4000, 6000)
    wiener_size: tuple[int, int] = (2400, 3600)
    dpir_size: tuple[int, int] = (512, 768)
    flow_steps: int = 40
    calibrate_size: tuple[int, int] = (1200, 1800)
    calibrate_photos: int = 8
    """In each folder."""
    calibration: CalibrationSettings = _QUICK


def measure_speed(settings: SpeedSettings) -> Job[dict[str, Any]]:
    """The figures of `benchmark --json`'s "speed".

    Returns
    -------
    dict
        import_over_libraw: time of `decode_photo` over rawpy's imread and the same demosaicing;
        flow_over_ready_tensors: patches a second of stage F over the same network and optimiser fed
        with tensors; wiener_over_ffts: time of the correction over bare FFTs of its tiles;
        wiener_s_per_mp; dpir_over_denoiser: time of DPIR over its eight passes of the denoiser;
        correct_over_plain: RAW to TIFF with the Wiener filter over method none;
        calibrate_two_cores_over_one: a quick calibration with two threads over one, once each;
        seconds: name -> [ours, yardstick], medians; megapixels, repeats, device.
    """
    with tempfile.TemporaryDirectory(prefix="lenscal-speed-") as name:
        folder = Path(name)
        parts: dict[str, Callable[[], Job[Pace]]] = {
            "import_over_libraw": lambda: _import(folder, settings),
            "flow_over_ready_tensors": lambda: _flow(settings),
            "wiener_over_ffts": lambda: _wiener(settings),
            "dpir_over_denoiser": lambda: _dpir(settings),
            "correct_over_plain": lambda: _correct(folder, settings),
            "calibrate_two_cores_over_one": lambda: _calibrate(folder, settings),
        }
        paces: dict[str, Pace] = {}
        for number, (part, work) in enumerate(parts.items()):
            low, high = number / len(parts), (number + 1) / len(parts)
            paces[part], stopped = yield from follow(work(), low, high, prefix=f"{part}: ")
            if stopped:
                raise LenscalError(translatable("stopped before all speeds were measured"))
    return _figures(paces, settings)


def _figures(paces: Mapping[str, Pace], settings: SpeedSettings) -> dict[str, Any]:
    figures: dict[str, Any] = {name: pace.ratio for name, pace in paces.items()}
    # Patches a second, of which more is better: the ratio of the speeds, not of the seconds.
    figures["flow_over_ready_tensors"] = 1 / paces["flow_over_ready_tensors"].ratio
    figures["wiener_s_per_mp"] = paces["wiener_over_ffts"].ours / _megapixels(settings.wiener_size)
    figures["seconds"] = {name: [pace.ours, pace.yardstick] for name, pace in paces.items()}
    sizes = {
        "import": settings.import_size,
        "wiener": settings.wiener_size,
        "dpir": settings.dpir_size,
        "correct": settings.correct_size,
    }
    figures["megapixels"] = {name: _megapixels(size) for name, size in sizes.items()}
    figures["repeats"], figures["device"] = settings.repeats, str(pick_device(settings.device))
    return figures


def _megapixels(size: tuple[int, int]) -> float:
    return size[0] * size[1] / 1e6


def _import(folder: Path, settings: SpeedSettings) -> Job[Pace]:
    import rawpy

    from lenscal.raw.decode import decode_photo
    from lenscal.raw.signal.demosaicing import linear_camera_rgb

    path = write_raw_photo(folder / "import.dng", settings.import_size)

    def libraw() -> None:
        with rawpy.imread(str(path)) as raw:
            # What `decode_photo` asks of LibRaw, so that the ratio is the cost of all else.
            raw.postprocess(**linear_camera_rgb(), use_camera_wb=True)

    return (yield from in_turns(lambda: decode_photo(path), libraw, settings.repeats))


def _correct(folder: Path, settings: SpeedSettings) -> Job[Pace]:
    from lenscal.files.photos.export_settings import ExportSettings, OnConflict
    from lenscal.files.psf.profile import Profile
    from lenscal.jobs.correcting import correct

    path = write_raw_photo(folder / "correct.dng", settings.correct_size)
    # Every round writes the same file again.
    export = ExportSettings(folder / "out", on_conflict=OnConflict.OVERWRITE)
    psf = gaussian_psf(settings.correct_size)

    def corrected(method: Method) -> None:
        results = finish(
            correct(Profile(psf), [path], RestoreSettings(method, device=settings.device), export)
        )
        # A photo that is refused at once would look like a fast correction.
        if results[0].output is None:
            raise LenscalError(
                translatable("a photo was not corrected: {why}", why=results[0].reason)
            )

    return (
        yield from in_turns(
            lambda: corrected(Method.WIENER), lambda: corrected(Method.NONE), settings.repeats
        )
    )


def _calibrate(folder: Path, settings: SpeedSettings) -> Job[Pace]:
    """Import and calibration of photos of the same scenes with two threads and with one: once
    each, since either takes minutes."""
    from lenscal.jobs.calibrating import calibrate, import_photos
    from lenscal.virtual.dataset import VirtualSettings, write_dataset
    from lenscal.virtual.lens import demo_lens

    virtual = VirtualSettings(
        demo_lens(1), n_photos=settings.calibrate_photos, size=settings.calibrate_size
    )
    data, _ = yield from follow(write_dataset(folder / "calibrate", virtual), 0, 0.2)
    calibration = replace(settings.calibration, device=settings.device)
    seconds: dict[int, float] = {}
    try:
        # The larger number first: what is loaded and compiled once counts against it.
        for threads in (2, 1):
            use_threads(threads)
            message = translatable("calibrating with {threads} threads", threads=threads)
            yield Report("speed", message, 0.6 - 0.2 * threads, 0)
            with _at_most_cores(threads):
                start = time.perf_counter()
                inputs = finish(import_photos([data.sharp_folder], [data.degraded_folder]))
                finish(calibrate(inputs, calibration))
                seconds[threads] = time.perf_counter() - start
    finally:
        # The next part is measured with what the user's machine has.
        use_threads(None)
    return Pace(seconds[2], seconds[1])


@contextmanager
def _at_most_cores(count: int) -> Iterator[None]:
    """So many cores for what begins here, where the system can be told so.

    LibRaw's threads are its own, and reading the photos "on one core" took 1.4 of them.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(usable)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)


def _wiener(settings: SpeedSettings) -> Job[Pace]:
    from lenscal.restore.tiles import tiling_of
    from lenscal.restore.wiener_photo import wiener_bands

    device = pick_device(settings.device)
    photo, psf = pink_photo(settings.wiener_size), gaussian_psf(settings.wiener_size)
    tiling = tiling_of(psf)
    rows, cols = (len(tiling.starts(length)) for length in settings.wiener_size)
    size = (tiling.field_px, tiling.field_px)
    # A row of tiles at a time, as the correction takes them: batches cost less than single tiles.
    tiles = torch.rand(cols, 3, *size).to(device)
    restore = RestoreSettings(device=settings.device)

    def ffts() -> None:
        for _ in range(rows):
            torch.fft.irfft2(torch.fft.rfft2(tiles), s=size)
        _wait(device)

    def ours() -> None:
        for _ in wiener_bands(photo, psf, restore, device):
            pass
        _wait(device)

    return (yield from in_turns(ours, ffts, settings.repeats))


def _dpir(settings: SpeedSettings) -> Job[Pace]:
    from lenscal.prior.denoiser import load_denoiser
    from lenscal.restore.dpir import DPIR
    from lenscal.restore.photo import blended
    from lenscal.restore.plug_and_play import plug_and_play
    from lenscal.restore.wiener_photo import wiener_bands

    device = pick_device(settings.device)
    photo, psf = pink_photo(settings.dpir_size), gaussian_psf(settings.dpir_size)
    denoiser = load_denoiser(device=device)
    # The whole photo at once: the yardstick need not tile, which is the correction's own cost.
    image = torch.from_numpy(photo.rgb.transpose(2, 0, 1).copy())[None].to(device)
    restore = RestoreSettings(Method.DPIR, device=settings.device)

    def passes() -> None:
        with torch.inference_mode():
            for _ in range(DPIR.n_estimates):
                # A network's time does not depend on the noise level.
                denoiser(image, 0.05)
        _wait(device)

    def ours() -> None:
        prior = plug_and_play(photo, psf, restore, device, DPIR, denoiser=denoiser)
        for _ in blended(prior, wiener_bands(photo, psf, restore, device)):
            pass
        _wait(device)

    return (yield from in_turns(ours, passes, settings.repeats))


def _wait(device: torch.device) -> None:
    """Wait until the device has finished what was ordered."""
    # CUDA returns before the work is done; a clock would measure how fast it is ordered.
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _flow(settings: SpeedSettings) -> Job[Pace]:
    """Seconds a patch of stage F, quick quality, and of bare training steps on tensors of the same
    shapes."""
    from lenscal.calibration.budget import BUDGETS
    from lenscal.calibration.settings import Quality
    from lenscal.flow.network import VelocityNetwork
    from lenscal.flow.training import flow_loss

    budget, device, steps = (
        BUDGETS[Quality.QUICK],
        pick_device(settings.device),
        settings.flow_steps,
    )
    # A batch of either domain goes through the network together.
    n = 2 * budget.batch
    network = VelocityNetwork(budget.network).to(
        device,
        memory_format=torch.channels_last,  # type: ignore[call-overload]
    )
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    noise, patches = (torch.randn(n, 4, 16, 16).to(device) for _ in range(2))
    t, place = torch.rand(n).to(device), torch.rand(n, 2).to(device)
    domain = torch.arange(n).to(device) % 2

    def bare() -> float:
        for _ in range(steps):
            loss = flow_loss(network, noise, patches, t, place, domain)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return float(loss.detach())

    def stage() -> None:
        n_patches = max(state.patches for state in _stage_f(budget.batch, steps, device))
        # Else the two would be timed on different amounts of work.
        if n_patches != steps * n:
            raise LenscalError(
                translatable(
                    "stage F saw {patches} patches in {steps} steps, not {expected}: "
                    "mend this measure",
                    patches=n_patches,
                    steps=steps,
                    expected=steps * n,
                )
            )

    return (yield from in_turns(stage, bare, settings.repeats))


def _stage_f(batch: int, steps: int, device: torch.device) -> Iterator[Any]:
    """Stage F alone on patches of noise, which cost as much as photos' do."""
    from lenscal.calibration.budget import BUDGETS
    from lenscal.calibration.matching.matcher import Matcher, MatchingSettings
    from lenscal.calibration.matching.patches import MATCHING_PATCH_PX, PatchPool
    from lenscal.calibration.matching.reblur import Reblur
    from lenscal.calibration.packing import Packing
    from lenscal.calibration.settings import Quality

    # Kernels as a quick calibration has them; patches enough that batches are drawn as usual.
    kernel, taps, n = 13, 169, 2000
    rng = np.random.default_rng(0)
    sharp = rng.random(
        (n, 3, MATCHING_PATCH_PX + kernel - 1, MATCHING_PATCH_PX + kernel - 1), np.float32
    ).astype(np.float16)
    pool = PatchPool(
        real=rng.random((n, 4, MATCHING_PATCH_PX // 2, MATCHING_PATCH_PX // 2), np.float32),
        noise=np.full((n, 4), 1e-4, np.float32),
        sharp=sharp,
        sharp_noise=np.full((n, 4), 1e-4, np.float32),
        positions=rng.random((n, 2), np.float32),
        paired=True,
    )
    # No demosaicing to imitate: white noise has the unit matrix.
    correlation = torch.eye(taps).expand(3, -1, -1).to(device)
    reblur = Reblur(pool, Packing((0, 1, 1, 2)), (8, 8), correlation, device)
    # Flat kernels cost as much as good ones: only their number counts here.
    start = torch.full((64, 3, taps), 1 / taps).to(device)
    settings = MatchingSettings(steps, 0, batch=batch, network=BUDGETS[Quality.QUICK].network)
    matcher = Matcher(reblur, start, settings, seed=0, device=device)
    return (matcher.step() for _ in range(steps))
