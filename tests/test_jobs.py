"""Jobs report, stop, cancel and hand on; the correction is the same for every caller."""

import errno
import threading
import types
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from job_steps import stepped

from lenscal import jobs
from lenscal.calibration.result import Calibration
from lenscal.calibration.settings import CalibrationSettings
from lenscal.errors import InputError, LenscalError
from lenscal.files.photos.export_settings import ExportSettings, Space
from lenscal.files.psf.profile import Profile, read_profile, write_profile
from lenscal.intake.grouping import Overrides
from lenscal.jobs.photo_work import RowsOnDisk
from lenscal.optics.psf_grid import PsfGrid, delta_grid
from lenscal.raw.decode import decode_photo
from lenscal.reports import Report
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.stepping import STOP, finish, follow


def counting(log, n=4):
    try:
        for step in range(n):
            if (yield Report("work", f"step {step}", step / n, step)) == STOP:
                log.append("stopped")
                return step
        return n
    finally:
        log.append("closed")


def test_follow_scales_fractions_and_hands_on_the_result():
    log = []
    result, reports = stepped(follow(counting(log), 0.5, 0.9, prefix="part: "))
    assert result == (4, False)
    np.testing.assert_allclose([r.fraction for r in reports], [0.5, 0.6, 0.7, 0.8])
    assert reports[0].message == "part: step 0"
    assert log == ["closed"]


def test_follow_hands_on_stop_or_keeps_it():
    log = []
    assert stepped(follow(counting(log)), [None, STOP])[0] == (1, True)
    assert log == ["stopped", "closed"]
    log.clear()
    assert stepped(follow(counting(log), forward_stop=False), [None, STOP])[0] == (4, True)
    assert log == ["closed"]


def test_closing_closes_the_inner_job():
    log = []
    job = follow(counting(log))
    next(job)
    job.close()
    assert log == ["closed"]


def test_photo_cache_is_removed_also_after_errors(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ZeroDivisionError), jobs.photo_cache() as folder:
        (folder / "a.npy").touch()
        raise ZeroDivisionError
    assert not folder.exists()


def test_import_reads_both_folders(tmp_path, make_dng):
    make_dng(tmp_path / "s" / "a.dng", f_number=5.6)
    make_dng(tmp_path / "d" / "a.dng", seed=1)
    inputs, reports = stepped(
        jobs.import_photos([tmp_path / "s"], [tmp_path / "d"], cache=tmp_path)
    )
    assert len(inputs.sharp.frames) == len(inputs.degraded.frames) == 1
    assert {r.stage for r in reports} == {"import"}
    assert isinstance(inputs.sharp.frames[0].rgb, np.memmap)


def test_correct_undoes_a_known_blur(tmp_path, make_dng):
    """Corrected with the kernel that blurred its scene, a photo comes nearer to the photo of the
    scene itself."""
    kernel = np.zeros((7, 7))
    kernel[1:6, 3] = kernel[3, 1:6] = kernel[4, 4] = 1
    kernel /= kernel.sum()
    sharp, soft = make_dng(tmp_path / "sharp.dng"), make_dng(tmp_path / "soft.dng", kernel=kernel)
    grid = PsfGrid(np.broadcast_to(kernel.astype(np.float32), (2, 2, 3, 7, 7)).copy(), (128, 192))
    export = ExportSettings(tmp_path / "out", space=Space.CAMERA_LINEAR, template="{name}-{method}")
    pictures = {}
    for method, photo in ((Method.NONE, sharp), (Method.NONE, soft), (Method.WIENER, soft)):
        settings = RestoreSettings(method, device="cpu", denoise=0.2)
        (result,) = stepped(jobs.correct(Profile(grid), [photo], settings, export))[0]
        pictures[result.output.stem] = tifffile.imread(result.output)[16:-16, 16:-16]
    before = np.mean((pictures["soft-none"] - pictures["sharp-none"]) ** 2)
    after = np.mean((pictures["soft-wiener"] - pictures["sharp-none"]) ** 2)
    assert after < 0.5 * before


def test_stop_ends_after_the_photo_and_close_writes_nothing(tmp_path, make_dng):
    photos = [make_dng(tmp_path / f"{n}.dng", seed=n) for n in range(3)]
    grid, settings = delta_grid((2, 2), 5, (128, 192)), RestoreSettings(device="cpu")
    results, _ = stepped(
        jobs.correct(Profile(grid), photos, settings, ExportSettings(tmp_path / "a")), [None, STOP]
    )
    assert [r.source.name for r in results] == ["0.dng"]
    assert results[0].output.exists()
    job = jobs.correct(Profile(grid), photos, settings, ExportSettings(tmp_path / "b"))
    next(job)
    next(job)
    job.close()
    assert not (tmp_path / "b").exists()


def test_every_photo_gets_an_answer(tmp_path, make_dng):
    good = make_dng(tmp_path / "good.dng")
    bad = tmp_path / "bad.dng"
    bad.write_bytes(good.read_bytes()[:3000])
    other = make_dng(tmp_path / "other.dng", size=(96, 128))
    grid = delta_grid((2, 2), 5, (128, 192))
    export = ExportSettings(tmp_path / "out")
    results, reports = stepped(
        jobs.correct(Profile(grid), [bad, other, good], RestoreSettings(Method.NONE), export)
    )
    assert [r.output is not None for r in results] == [False, False, True]
    assert results[0].wrong_input
    assert "128 x 96 px, the PSF is for 192 x 128 px" in results[1].problem
    assert reports[-1].fraction == 1
    (forced,) = finish(
        jobs.correct(Profile(grid), [other], RestoreSettings(Method.WIENER), export, force=True)
    )
    assert tifffile.imread(forced.output).shape == (96, 128, 3)
    assert "the photo has 128 x 96 px" in forced.warnings[0]


def test_demo_settings_refuse_what_cannot_be_photographed(tmp_path):
    with pytest.raises(InputError, match="even and at least 64"):
        next(jobs.demo(tmp_path, jobs.DemoSettings(size=(63, 100))))


@pytest.mark.parametrize("where", ["Photographed", "Decoding"])
def test_demo_stopped_before_its_photos_are_ready_ends_at_once(tmp_path, where):
    job = jobs.demo(tmp_path, jobs.DemoSettings(size=(256, 288), n_photos=2))
    report = next(job)
    while where not in report.message:
        report = next(job)
    with pytest.raises(LenscalError, match="nothing to keep"):
        job.send(STOP)
    assert not (tmp_path / "demo.lenscal").exists()
    next(
        jobs.demo(tmp_path, jobs.DemoSettings(size=(256, 288), n_photos=2))
    )  # the folder can be used again


@pytest.mark.parametrize(("inner", "warned"), [(1.8, True), (1.0, False), (0.4, False)])
def test_exchanged_folders_are_noticed(monkeypatch, tmp_path, make_dng, inner, warned):
    """Kernels that sharpen: the sharp folder was the softer one."""
    from lenscal.calibration import engine
    from lenscal.calibration.result import Calibration
    from lenscal.calibration.settings import CalibrationSettings

    grid = delta_grid((2, 2), 5, (128, 192))
    kernels = grid.kernels * inner
    kernels[..., 2, [1, 3]] += (1 - inner) / 4
    kernels[..., [1, 3], 2] += (1 - inner) / 4

    def calibrated(*_, **__):
        yield from ()
        psf = replace(grid, kernels=kernels)
        return Calibration(
            psf,
            None,
            ("P",),
            True,
            {},
            {"estimate": 1.0, "delta": 1.0},
            (),
            "done",
            "cpu",
            1.0,
            0,
            0,
        )

    monkeypatch.setattr(engine, "calibrate", calibrated)
    make_dng(tmp_path / "s" / "a.dng", f_number=5.6)
    make_dng(tmp_path / "d" / "a.dng", seed=1)
    inputs, _ = stepped(jobs.import_photos([tmp_path / "s"], [tmp_path / "d"]))
    calibration, _ = stepped(jobs.calibrate(inputs, CalibrationSettings()))
    assert any("folders exchanged" in warning for warning in calibration.warnings) is warned


@pytest.mark.parametrize("large", [False, True])
def test_the_next_photo_is_read_while_one_is_corrected(tmp_path, make_dng, monkeypatch, large):
    """Large photos take turns, so that only one is in memory."""
    from lenscal.files.photos import photo_files
    from lenscal.jobs import correcting
    from lenscal.raw import decode
    from lenscal.restore import photo as restoring

    photos = [make_dng(tmp_path / f"{n}.dng", seed=n) for n in range(3)]
    plain_decode, plain_write, plain_restore = (
        decode.decode_photo,
        photo_files.write_photo,
        restoring.restore_rows,
    )
    events, second_read = [], threading.Event()

    def decode_photo(path, **more):
        events.append(f"read {path.stem}")
        if path.stem == "1":
            second_read.set()
        return plain_decode(path, **more)

    def restore_rows(frame, *rest, **more):
        events.append(f"correct {frame.info.path.stem}")
        if not large:
            assert second_read.wait(30)
        return plain_restore(frame, *rest, **more)

    def write_photo(path, rgb, header, *rest, **more):
        written = plain_write(path, rgb, header, *rest, **more)
        events.append(f"written {header.info.path.stem}")
        return written

    monkeypatch.setattr(decode, "decode_photo", decode_photo)
    monkeypatch.setattr(restoring, "restore_rows", restore_rows)
    monkeypatch.setattr(photo_files, "write_photo", write_photo)
    if large:
        monkeypatch.setattr(correcting, "OVERLAP_PX", 0)
    grid = delta_grid((2, 2), 5, (128, 192))
    results, reports = stepped(
        jobs.correct(
            Profile(grid), photos, RestoreSettings(device="cpu"), ExportSettings(tmp_path / "o")
        )
    )
    assert [r.output.name for r in results] == [f"{n}_lenscal.tif" for n in range(3)]
    if large:
        assert events == [
            f"{what} {n}" for n in range(3) for what in ("read", "correct", "written")
        ]
    else:
        assert [e for e in events if e.startswith("written")] == [
            "written 0",
            "written 1",
            "written 2",
        ]
    fractions = [r.fraction for r in reports]
    assert fractions == sorted(fractions)


def test_time_left_is_told(tmp_path, make_dng, monkeypatch):
    from lenscal.jobs import correcting

    photos = [make_dng(tmp_path / f"{n}.dng", seed=n) for n in range(2)]
    clock = iter(range(1000))
    monkeypatch.setattr(
        correcting, "time", types.SimpleNamespace(monotonic=lambda: float(next(clock)))
    )
    grid = delta_grid((2, 2), 5, (128, 192))
    _, reports = stepped(
        jobs.correct(
            Profile(grid), photos, RestoreSettings(Method.NONE), ExportSettings(tmp_path / "o")
        )
    )
    assert reports[0].seconds_left is None
    assert reports[-1].seconds_left == 0


def test_large_photos_come_out_the_same(tmp_path, make_dng, monkeypatch):
    """Their rows wait on the disk; nothing stays behind there."""
    from lenscal.jobs import correcting

    photo = make_dng(tmp_path / "a.dng", size=(200, 280), orientation=6)
    grid, settings = delta_grid((2, 2), 5, (200, 280)), RestoreSettings(device="cpu")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    pictures = []
    for name, limit in (("small", 1e9), ("large", 0)):
        monkeypatch.setattr(correcting, "OVERLAP_PX", limit)
        job = jobs.correct(
            Profile(grid), [photo], settings, ExportSettings(tmp_path / name), save_mask=True
        )
        (result,) = stepped(job)[0]
        assert result.problem == ""
        assert result.mask.is_file()
        pictures.append(tifffile.imread(result.output))
    assert pictures[0].shape == (280, 200, 3)
    np.testing.assert_array_equal(*pictures)
    assert list((tmp_path / "lenscal").iterdir()) == []


def test_stop_is_heard_while_a_photo_is_written(tmp_path, make_dng, monkeypatch):
    from lenscal.files.photos import photo_files
    from lenscal.jobs import correcting

    photos = [make_dng(tmp_path / f"{n}.dng", seed=n) for n in range(2)]
    plain_write, asked = photo_files.write_photo, threading.Event()

    def write_photo(*arguments):
        assert asked.wait(30)
        return plain_write(*arguments)

    monkeypatch.setattr(photo_files, "write_photo", write_photo)
    monkeypatch.setattr(correcting, "OVERLAP_PX", 0)
    grid = delta_grid((2, 2), 5, (128, 192))
    job = jobs.correct(
        Profile(grid), photos, RestoreSettings(Method.NONE), ExportSettings(tmp_path / "o")
    )
    while "writing" not in next(job).message:
        pass
    job.send(STOP)
    asked.set()
    results, _ = stepped(job)
    assert [r.output.name for r in results] == ["0_lenscal.tif"]


def test_where_large_photos_wait_is_named_when_it_is_full(tmp_path, make_dng, monkeypatch):
    """The rows of the photo that failed are removed at once: the next one needs the room."""
    from lenscal.jobs import correcting

    photos = [make_dng(tmp_path / f"{n}.dng", seed=n) for n in range(2)]
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    monkeypatch.setattr(correcting, "OVERLAP_PX", 0)
    plain_append, waiting = RowsOnDisk.append, []

    def append(store, rows, rgb):
        # Their names go on with what keeps photos of one name apart.
        spools = (tmp_path / "lenscal").glob("*/*.rows")
        waiting.append([path.name.partition(".")[0] for path in spools])
        if store.path.name.startswith("0."):
            raise OSError(errno.ENOSPC, "No space left on device")
        plain_append(store, rows, rgb)

    monkeypatch.setattr(RowsOnDisk, "append", append)
    grid, settings = delta_grid((2, 2), 5, (128, 192)), RestoreSettings(device="cpu")
    (failed, written), _ = stepped(
        jobs.correct(Profile(grid), photos, settings, ExportSettings(tmp_path / "o"))
    )
    assert failed.problem.startswith(f"large photos wait in {tmp_path / 'lenscal'}")
    assert not failed.wrong_input
    assert written.output.is_file()
    assert waiting[0] == ["0"]
    assert waiting[1:] == [["1"]] * len(waiting[1:])


@pytest.mark.parametrize("failing", ["write_photo", "write_mask"])
def test_a_photo_and_its_mask_are_both_there_or_neither(tmp_path, make_dng, monkeypatch, failing):
    from lenscal.files.photos import photo_files

    def full(path, *_, **__):
        raise LenscalError(f"{path} could not be written: No space left on device")

    monkeypatch.setattr(photo_files, failing, full)
    photo, grid = make_dng(tmp_path / "a.dng"), delta_grid((2, 2), 5, (128, 192))
    job = jobs.correct(
        Profile(grid),
        [photo],
        RestoreSettings(device="cpu"),
        ExportSettings(tmp_path / "o"),
        save_mask=True,
    )
    (result,) = stepped(job)[0]
    assert result.output is None
    assert "No space left" in result.problem
    assert list((tmp_path / "o").iterdir()) == []


def test_serial_numbers_are_compared(tmp_path, make_dng):
    """Another copy of the lens is refused, another body only told."""
    photo = make_dng(tmp_path / "a.dng", camera_serial="1")
    profile = Profile(delta_grid((2, 2), 5, (128, 192)), camera="Lenscal Test", camera_serial="2")
    settings, export = RestoreSettings(Method.NONE), ExportSettings(tmp_path / "o")
    (result,) = stepped(jobs.correct(profile, [photo], settings, export))[0]
    assert result.output is not None
    assert result.warnings == (
        "taken with another camera of that model (serial 1, the profile is for 2)",
    )
    frame = decode_photo(photo)
    frame = replace(frame, info=replace(frame.info, lens_serial="A"))
    assert jobs.mismatches(replace(profile, lens_serial="A"), frame) == []
    (told,) = jobs.mismatches(replace(profile, lens_serial="B"), frame)
    assert told == "the photo's lens's serial number is A, the profile is for B"


def test_photos_of_a_lens_that_was_typed_in_are_corrected(tmp_path, make_dng):
    """An adapter writes a name and a focal length of its own; the user knows better and types in
    the true ones."""
    sharp, degraded = (
        [
            make_dng(tmp_path / f"{name}{i}.dng", lens="Adapter", focal_mm=50.0, f_number=f, seed=i)
            for i in range(2)
        ]
        for name, f in (("s", 5.6), ("d", 2.0))
    )
    typed = Overrides(lens="Helios 44-2", focal_mm=58.0)
    inputs = finish(
        jobs.import_photos(
            sharp, degraded, sharp_overrides=typed, degraded_overrides=typed, keep_all=True
        )
    )
    grid = delta_grid((2, 2), 5, inputs.degraded.frames[0].size)
    calibration = Calibration(
        grid, inputs.degraded.frames[0].noise, (), True, {}, {}, (), "done", "cpu", 1.0, 0, 0, {}
    )
    write_profile(
        tmp_path / "helios.lenscal", jobs.build_profile(inputs, calibration, CalibrationSettings())
    )
    profile = read_profile(tmp_path / "helios.lenscal")
    assert (profile.lens, profile.focal_mm) == ("Helios 44-2", 58.0)
    assert jobs.mismatches(profile, decode_photo(degraded[0])) == []
    other = decode_photo(make_dng(tmp_path / "o.dng", lens="Other", focal_mm=35.0, f_number=2.0))
    assert jobs.mismatches(profile, other) == [
        "the photo's lens is Other, the profile is for Helios 44-2",
        "the photo was taken at 35 mm, the profile is for 58 mm",
    ]
