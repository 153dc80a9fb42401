from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from job_steps import stepped
from raw_photos import add_noise, mosaic_of, scene, write_photo

from lenscal.errors import InputError, LenscalError
from lenscal.intake.copies import LEAST_PHOTO_BYTES, find_copies
from lenscal.intake.folder import decode_photos, import_pair
from lenscal.intake.grouping import Overrides, group_by_aperture
from lenscal.intake.inputs import ImportedFolder, Inputs
from lenscal.intake.photo_files import find_photos
from lenscal.intake.selection import select_photos
from lenscal.raw.frame import PhotoInfo
from lenscal.stepping import STOP, Job


def import_folder(
    paths: list[Path],
    *,
    overrides: Overrides | None = None,
    cache: Path | None = None,
    role: str = "sharp",
) -> Job[ImportedFolder]:
    """One folder by itself, its photos not judged."""
    selection = yield from select_photos(find_photos(paths), overrides or Overrides(), role)
    return (yield from decode_photos(selection, role, cache))


def folder(path: Path, n: int = 2, **changes: object) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for k in range(n):
        name = changes.get("f_number", 5.6)
        write_photo(path / f"IMG_{name}_{k + 9}.dng", seed=k, **{"f_number": 5.6} | changes)
    return path


def pair(sharp: Path, degraded: Path, **overrides: Overrides) -> Inputs:
    return stepped(import_pair([sharp], [degraded], **overrides))[0]


def test_files_are_found_once_and_in_natural_order(tmp_path: Path) -> None:
    home = tmp_path / "Fotos für später"
    home.mkdir()
    for name in (
        "IMG_10.DNG",
        "IMG_9.dng",
        "._IMG_9.dng",
        ".hidden.dng",
        "note.txt",
        "IMG_9.jpg",
        "a.CR3",
    ):
        (home / name).write_bytes(b"x")
    (home / "inner.dng").mkdir()
    (home / "z link.dng").symlink_to(home / "a.CR3")
    found = find_photos([home, home / "IMG_9.dng"])
    assert [p.name for p in found.files] == ["a.CR3", "IMG_9.dng", "IMG_10.DNG"]
    assert found.notes == ("IMG_9.jpg beside the RAW photos is left out: RAW photos come first",)


def test_what_lies_beside_photos_is_never_a_photo(tmp_path: Path) -> None:
    beside = ("IMG_1.xmp", "IMG_1.CR3.pp3", ".DS_Store", "Thumbs.db", "MVI_2.MP4", "IMG_1.THM")
    for name in (*beside, "IMG_1.CR3", "IMG_1.JPG", "IMG_2.jpeg"):
        (tmp_path / name).write_bytes(b"x")
    # A shell's * names every file of a folder.
    for paths in ([tmp_path], sorted(tmp_path.iterdir())):
        found = find_photos(paths)
        assert [p.name for p in found.files] == ["IMG_1.CR3"]
        assert "2 pictures beside the RAW photos, like IMG_1.JPG, are left out" in found.notes[0]
    assert find_photos([tmp_path]).notes[1:] == ()
    assert "are no photos: left out" in find_photos(sorted(tmp_path.iterdir())).notes[1]
    with pytest.raises(InputError, match=r"IMG_1\.xmp: no photo; choose"):
        find_photos([tmp_path / "IMG_1.xmp"])


def test_pictures_are_photos_where_there_is_no_raw_file(tmp_path: Path) -> None:
    for name in ("b.tif", "a.PNG", "c.jpeg", "readme.txt"):
        (tmp_path / name).write_bytes(b"x")
    found = find_photos([tmp_path])
    assert [p.name for p in found.files] == ["a.PNG", "b.tif", "c.jpeg"]
    assert found.notes == ()


def test_copies_are_found_in_time_that_grows_with_the_photos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_photos = 200
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{n:03}.dng" for n in range(n_photos)]
    for path in paths:
        path.write_bytes(b"II*\0" + rng.bytes(LEAST_PHOTO_BYTES))
    copy, almost = tmp_path / "copy.dng", tmp_path / "almost.dng"
    content = paths[7].read_bytes()
    copy.write_bytes(content)
    # The same but for one byte where no sample is taken.
    almost.write_bytes(content[:9000] + bytes([content[9000] ^ 1]) + content[9001:])
    opened = []
    open_file = Path.open

    def counted(path: Path, *args: Any, **options: Any) -> Any:
        opened.append(path)
        return open_file(path, *args, **options)

    monkeypatch.setattr(Path, "open", counted)
    copies, reports = stepped(find_copies([*paths, copy, almost]))
    assert copies == {copy: paths[7]}
    # Once for a sample; only the three that agree are read whole.
    assert len(opened) == n_photos + 2 + 3
    # At each of them the search can be cancelled.
    assert len(reports) >= n_photos // 50


def test_nothing_to_import_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: there is no such file or folder"):
        find_photos([tmp_path / "nowhere"])
    with pytest.raises(InputError, match="empty; choose a folder of RAW photos"):
        find_photos([tmp_path])
    (tmp_path / "a.txt").write_bytes(b"x")
    with pytest.raises(InputError, match="no RAW files, only 1 other file;"):
        find_photos([tmp_path])


def test_a_folder_of_folders_is_told_from_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "f5.6").mkdir()
    with pytest.raises(
        InputError, match=r"no RAW files \(photos in folders inside it, like f5\.6, are not read\)"
    ):
        find_photos([tmp_path])


def test_copies_of_a_photo_count_once(tmp_path: Path) -> None:
    cfa = np.array([[0, 1], [1, 2]])
    raw = add_noise(mosaic_of(scene(), cfa), 1e-4, 1e-6, np.random.default_rng(0))
    degraded = folder(tmp_path / "d", 1, f_number=1.8, raw=raw)
    (photo,) = degraded.iterdir()
    assert photo.stat().st_size >= LEAST_PHOTO_BYTES
    (degraded / "z copy ü.dng").write_bytes(photo.read_bytes())
    imported = stepped(import_folder([degraded], role="degraded"))[0]
    assert [p.path for p in imported.photos] == [photo]
    assert [(r.path.name, r.reason) for r in imported.rejected] == [
        ("z copy ü.dng", f"a copy of {photo.name}: each photo counts once")
    ]


def test_a_pair_of_folders(tmp_path: Path) -> None:
    sharp, degraded = (
        folder(tmp_path / "scharf", 3),
        folder(tmp_path / "offen – f1.8", 2, f_number=1.8),
    )
    inputs, reports = stepped(import_pair([sharp], [degraded], cache=tmp_path / "cache"))
    assert [f.info.path.name for f in inputs.sharp.frames] == [
        "IMG_5.6_9.dng",
        "IMG_5.6_10.dng",
        "IMG_5.6_11.dng",
    ]
    assert {f.info.aperture for f in inputs.degraded.frames} == {1.8}
    assert isinstance(inputs.sharp.frames[0].rgb, np.memmap)
    assert inputs.sharp.rejected == inputs.degraded.rejected == ()
    assert all("not removed" in w for w in inputs.warnings)
    fractions = [r.fraction for r in reports]
    assert all(isinstance(f, float) for f in fractions) and fractions[-1] == 1
    assert fractions == sorted(fractions)


def test_damaged_photos_are_left_out_and_named(tmp_path: Path) -> None:
    sharp, degraded = folder(tmp_path / "s"), folder(tmp_path / "d", f_number=2)
    (sharp / "broken.nef").write_bytes(b"II*\0" + bytes(99))
    whole = (degraded / "IMG_2_9.dng").read_bytes()
    (degraded / "cut.dng").write_bytes(whole[: len(whole) // 2])
    inputs = pair(sharp, degraded)
    assert len(inputs.sharp.frames) == len(inputs.degraded.frames) == 2
    assert [r.path.name for r in inputs.sharp.rejected + inputs.degraded.rejected] == [
        "broken.nef",
        "cut.dng",
    ]
    assert any("cut.dng: the file is cut off" in w for w in inputs.warnings)


def test_a_cache_that_cannot_be_written_is_not_the_photos_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(LenscalError, match="0 MB are needed there: make room"):
        stepped(import_folder([folder(tmp_path / "s")], cache=tmp_path / "file"))


def test_all_unreadable(tmp_path: Path) -> None:
    for k in range(5):
        (tmp_path / f"{k}.nef").write_bytes(b"nothing")
    with pytest.raises(
        InputError, match=r"none of the sharp photos can be read \(0\.nef: .*and 2 more\)"
    ):
        stepped(import_folder([tmp_path]))


def test_equal_apertures_are_allowed_and_warned_of(tmp_path: Path) -> None:
    inputs = pair(folder(tmp_path / "s"), folder(tmp_path / "d"))
    assert "both folders hold photos at f/5.6" in inputs.warnings[0]


def test_the_same_files_twice(tmp_path: Path) -> None:
    sharp = folder(tmp_path / "s")
    with pytest.raises(InputError, match=r"IMG_5\.6_10\.dng and 1 more are in both lists"):
        pair(sharp, sharp)
    (tmp_path / "link").symlink_to(sharp)
    with pytest.raises(InputError, match="in both lists"):
        pair(sharp, tmp_path / "link")


def test_mixed_apertures_are_listed_and_can_be_chosen(tmp_path: Path) -> None:
    mixed = folder(folder(tmp_path / "all", 2), 3, f_number=1.8)
    with pytest.raises(InputError, match=r"f/1\.8: 3 photos, f/5\.6: 2 photos.*--aperture-sharp"):
        stepped(import_folder([mixed]))
    inputs = pair(
        mixed,
        mixed,
        sharp_overrides=Overrides(aperture=5.6),
        degraded_overrides=Overrides(aperture=1.8),
    )
    assert (len(inputs.sharp.frames), len(inputs.degraded.frames)) == (2, 3)
    with pytest.raises(
        InputError, match=r"--aperture-degraded 11: no degraded photo .*f/1\.8: 3 photos"
    ):
        stepped(import_folder([mixed], overrides=Overrides(aperture=11), role="degraded"))


def test_manual_lenses_are_typed_in(tmp_path: Path) -> None:
    manual = folder(tmp_path / "m", f_number=0, focal_mm=0, lens="")
    with pytest.raises(InputError, match=r"do not say their aperture .*--aperture-sharp 5\.6"):
        stepped(import_folder([manual]))
    typed = Overrides(aperture=8, lens="Helios 58mm f/2", focal_mm=58)
    frames = stepped(import_folder([manual], overrides=typed))[0].frames
    assert {(f.info.aperture, f.info.lens, f.info.focal_mm) for f in frames} == {
        (8, "Helios 58mm f/2", 58)
    }
    with pytest.raises(InputError, match="f-number"):
        Overrides(aperture=-1)
    with pytest.raises(InputError, match="--focal"):
        Overrides(focal_mm=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"model": "Mark II"},
            "several cameras .*Musterwerk Mark II?: 2 photos.*Musterwerk Mark II?: 2 photos",
        ),
        ({"camera_serial": "2"}, "several camera bodies"),
        ({"lens": "Other 50mm f/1.4"}, "several lenses .*--lens"),
        ({"focal_mm": 70}, r"several focal lengths \(50 mm, 70 mm\).*--focal"),
    ],
)
def test_what_does_not_belong_together(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    sharp = folder(tmp_path / "s", camera_serial="1")
    odd = folder(tmp_path / "d", f_number=2, **{"camera_serial": "1"} | changes)
    with pytest.raises(InputError, match=message):
        pair(sharp, odd)
    for path in odd.iterdir():
        path.rename(sharp / path.name)
    with pytest.raises(InputError, match=message):
        stepped(import_folder([sharp]))
    kept = stepped(import_folder([sharp], overrides=Overrides(aperture=5.6)))[0]
    assert len(kept.frames) == 2


def test_sizes_that_differ(tmp_path: Path) -> None:
    sharp = folder(tmp_path / "s")
    raw = write_photo(tmp_path / "x.dng")
    odd = tmp_path / "d"
    odd.mkdir()
    write_photo(odd / "small.dng", raw=np.ascontiguousarray(raw[:128]), f_number=2)
    with pytest.raises(
        InputError, match=r"several sensor sizes \(240 x 160: 2 photos.*240 x 128: 1 photo"
    ):
        pair(sharp, odd)


def test_zoom_tolerance(tmp_path: Path) -> None:
    sharp, degraded = (
        folder(tmp_path / "s", focal_mm=50),
        folder(tmp_path / "d", f_number=2, focal_mm=50.8),
    )
    assert pair(sharp, degraded).sharp.frames


def test_noise_is_pooled_over_photos_of_one_iso(tmp_path: Path) -> None:
    frames = stepped(import_folder([folder(tmp_path / "s", 3, noise_profile=[(0.0, 0.0)])]))[
        0
    ].frames
    assert len({f.noise for f in frames}) == 1 and "3 photos" in frames[0].noise.source


def test_stop_keeps_and_close_cancels(tmp_path: Path) -> None:
    job = import_folder([folder(tmp_path / "s", 4)])
    report = next(job)
    while not report.message.startswith("Decoding"):
        report = next(job)
    next(job)
    with pytest.raises(StopIteration) as end:
        job.send(STOP)
        while True:
            next(job)
    assert 1 <= len(end.value.value.frames) < 4
    cancelled = import_folder([tmp_path / "s"])
    for _ in range(6):
        next(cancelled)
    cancelled.close()
    with pytest.raises(StopIteration):
        next(cancelled)


def test_cameras_by_themselves_and_together(shared: Path) -> None:
    raw = shared / "data" / "raw"
    for pattern, count in (("*D30*", 1), ("Nikon*", 1), ("*G2*", 3), ("*S40*", 5)):
        imported = stepped(import_folder(sorted(raw.glob(pattern))))[0]
        assert len(imported.frames) == count and not imported.rejected
    with pytest.raises(InputError, match="several cameras"):
        stepped(import_folder([raw]))


def test_apertures_are_grouped_within_half_a_third_of_a_stop() -> None:
    infos = [
        PhotoInfo(Path(str(n)), aperture=f) for n, f in enumerate([5.6, 1.8, 5.657, None, 6.3])
    ]
    groups = group_by_aperture(infos)
    assert {f: [i.path.name for i in g] for f, g in groups.items()} == {
        1.8: ["1"],
        5.6: ["0", "2"],
        6.3: ["4"],
        None: ["3"],
    }
