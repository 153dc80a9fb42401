"""The library: profiles on this computer, and photos that find theirs."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lenscal.cli import main
from lenscal.errors import InputError
from lenscal.files.lens_model import LAYOUT, LensModel
from lenscal.files.network_weights import NetworkDescription
from lenscal.files.psf.profile import Profile, read_profile, write_profile
from lenscal.library.folder import read_library
from lenscal.library.search import LibrarySource
from lenscal.optics.psf_grid import delta_grid
from lenscal.raw.frame import PhotoInfo
from lenscal.stepping import finish
from lenscal.system.user_folders import LIBRARY_VARIABLE, library_folder


@pytest.fixture
def run(capfd):
    def call(*args):
        code = main([str(arg) for arg in args])
        out, err = capfd.readouterr()
        return code, out, err

    return call


def profile(lens="Test 35mm f/1.8", f_number=1.8, **told):
    model = LensModel(LAYOUT, (0.0,) * 428, f_number, 5, 4.3, (f_number,), 0.05)
    grid = replace(
        delta_grid((2, 2), 5, (128, 192)), confidence=np.full((2, 2, 3), 0.8, np.float32)
    )
    values = {
        "camera": "Lenscal Test",
        "focal_mm": 35.0,
        "aperture_sharp": 8.0,
        "aperture_degraded": f_number,
        "lens_model": model,
        "created": "2026-11-20",
    }
    psf = told.pop("psf", grid)
    return Profile(psf, lens=lens, **{**values, **told})


@pytest.fixture
def kept(tmp_path):
    """A function that puts profiles into a library: kept(name=profile, ...) -> its folder."""
    folder = tmp_path / "library"
    folder.mkdir()

    def put(**profiles):
        for name, each in profiles.items():
            write_profile(folder / f"{name}.lenscal", each)
        return folder

    return put


def photo(**told):
    values = {
        "make": "Lenscal",
        "model": "Lenscal Test",
        "lens": "Test 35mm f/1.8",
        "aperture": 1.8,
        "focal_mm": 35.0,
    }
    return PhotoInfo(Path("a.dng"), **{**values, **told})


@pytest.fixture(autouse=True)
def fits(monkeypatch, tmp_path):
    """Which apertures lens models were fitted to. Each explains its kernels to 5 %; where f/2 is
    one of several, to 90 %, as no lens's are, and where f/2.2 is, to 35 %."""
    from lenscal.lens import kept_models, prediction

    done = []

    def fitted(group):
        done.append(sorted(p.aperture_degraded for p in group.predicting))
        told, several = tuple(done[-1]), len(done[-1]) > 1
        misfit = 0.9 if several and 2.0 in told else 0.35 if several and 2.2 in told else 0.05
        yield from ()
        return LensModel(LAYOUT, (0.0,) * 428, told[0], 5, 4.3, told, misfit)

    monkeypatch.setattr(kept_models, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(prediction, "fitted_model", fitted)
    return done


def chosen_for(library, asked):
    return finish(LibrarySource(library).for_photo(asked))


def names(library, **told):
    """The profiles that a photo gets."""
    return [path.stem for path in chosen_for(library, photo(**told)).paths]


def test_the_folder_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv(LIBRARY_VARIABLE, str(tmp_path))
    assert library_folder() == tmp_path
    monkeypatch.delenv(LIBRARY_VARIABLE)
    assert library_folder().name == "library"


def test_add_list_export_and_remove(run, tmp_path, monkeypatch):
    folder = tmp_path / "library"
    monkeypatch.setenv(LIBRARY_VARIABLE, str(folder))
    source = write_profile(tmp_path / "mine.lenscal", profile(camera_serial="6012345"))
    assert "is empty" in run("library", "list")[1]
    code, out, err = run("library", "add", source)
    assert code == 0, err
    assert (folder / "mine.lenscal").read_bytes() == source.read_bytes()
    # The same again is no second one; another of that name is.
    again = run("library", "add", source)[1]
    assert again.strip() == f"{source}: there already, as {folder / 'mine.lenscal'}"
    write_profile(source, profile(f_number=2.8))
    assert run("library", "add", source)[0] == 0
    listed = json.loads(run("library", "list", "--json")[1])
    assert [p["name"] for p in listed["profiles"]] == ["mine", "mine 2"]
    assert listed["profiles"][0]["coverage"][0]["photographed"] == [1.8]
    out = tmp_path / "out"
    assert run("library", "export", "mine", "--out", out, "--private")[0] == 0
    assert read_profile(out / "mine.lenscal").camera_serial == ""
    assert run("library", "export", "MINE", "--out", out)[0] == 2
    assert run("library", "remove", "mine", "no such")[0] == 2
    assert (folder / "mine.lenscal").exists()
    assert run("library", "remove", "mine.lenscal", "mine 2")[0] == 0
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["add"], "say which"),
        (["export"], "needs --out"),
        (["add", "nothing.lenscal"], "nothing.lenscal"),
    ],
)
def test_wrong_use_is_told(run, tmp_path, words, message):
    code, _, err = run("library", *words, "--library", tmp_path / "library")
    assert code == 2 and message in err
    assert not (tmp_path / "library").exists()


def test_a_library_that_is_a_file_is_refused(run, tmp_path, make_dng, monkeypatch):
    photo, file = make_dng(tmp_path / "a.dng"), tmp_path / "file"
    mine = write_profile(tmp_path / "mine.lenscal", profile())
    file.write_text("mine")
    monkeypatch.setenv(LIBRARY_VARIABLE, str(file))
    for words in (
        ["correct", photo, "--out", tmp_path / "out"],
        ["library", "list"],
        ["library", "add", mine],
    ):
        code, _, err = run(*words)
        assert code == 2 and f"the library {file} is a file: choose a folder" in err
        assert run(*words, "--library", file)[0] == 2
    assert file.read_text() == "mine" and not (tmp_path / "out").exists()


@pytest.mark.parametrize(("out", "said"), [("file", "is a file"), ("no/such", "create it first")])
def test_a_wrong_place_to_export_to_is_2(run, tmp_path, kept, out, said):
    folder = kept(mine=profile())
    (tmp_path / "file").write_text("mine")
    code, _, err = run("library", "export", "--library", folder, "--out", tmp_path / out)
    assert code == 2 and said in err
    code, _, err = run("library", "add", folder / "mine.lenscal", "--library", tmp_path / "no/such")
    assert code == 2 and "create it first" in err
    assert (tmp_path / "file").read_text() == "mine" and not (tmp_path / "no").exists()


def test_a_damaged_file_can_be_removed(run, kept):
    folder = kept(good=profile())
    bad = folder / "bad.lenscal"
    bad.write_bytes(b"junk")
    code, out, _ = run("library", "remove", "bad", "BAD.lenscal", "--library", folder)
    assert code == 0 and out == f"{bad}: removed\n"
    assert [path.name for path in folder.iterdir()] == ["good.lenscal"]
    assert run("library", "export", "bad", "--library", folder, "--out", folder)[0] == 2


def test_a_damaged_file_hides_no_other(run, kept):
    folder = kept(good=profile())
    (folder / "bad.lenscal").write_bytes(b"junk")
    library = read_library(folder)
    assert [entry.name for entry in library.entries] == ["good"]
    assert "bad.lenscal" in library.problems[0]


@pytest.mark.parametrize(
    ("camera", "make", "model"),
    [
        ("NIKON CORPORATION NIKON D750", "NIKON CORPORATION", "NIKON D750"),
        ("Nikon D750", "NIKON CORPORATION", "NIKON D750"),
        ("nikon  d750", "Nikon", "D750"),
        ("Canon EOS 5D Mark IV", "Canon", "Canon EOS 5D MarkIV"),
        ("OLYMPUS IMAGING CORP. E-M1", "OM Digital Solutions", "E-M1"),
    ],
)
def test_one_camera_is_found_however_it_is_written(kept, camera, make, model):
    folder = kept(a=profile(camera=camera), b=profile(camera="Sony ILCE-7M3"))
    assert names(read_library(folder), make=make, model=model) == ["a"]


def test_lenses_are_found_as_people_write_them(kept):
    folder = kept(
        fifty=profile("Canon EF 50mm f/1.8 STM", focal_mm=50.0),
        other=profile("EF50mm f/1.8 II", focal_mm=50.0),
    )
    library = read_library(folder)
    assert names(library, lens="EF50mm F1.8 STM", focal_mm=50.0) == ["fifty"]
    with pytest.raises(InputError, match="no profile for EF85mm"):
        names(library, lens="EF85mm f/1.8 USM", focal_mm=85.0)


def test_of_one_lens_the_profile_that_knows_the_aperture_best(kept):
    library = read_library(
        kept(
            wide=profile(f_number=1.8),
            four=profile(f_number=4.0),
            old=profile(f_number=4.0, created="2020-01-01"),
        )
    )
    assert names(library, aperture=1.8) == ["wide"]
    assert names(library, aperture=4.0) == ["four"]


def test_between_two_apertures_all_of_the_lens_is_taken_as_one(kept):
    library = read_library(
        kept(
            wide=profile(f_number=1.8),
            four=profile(f_number=4.0),
            foreign=profile("Other 85mm f/1.4", 1.4, focal_mm=85.0),
            copy=profile(f_number=2.0, lens_serial="77"),
            other_size=replace(profile(f_number=2.0), psf=delta_grid((2, 2), 5, (64, 96))),
        )
    )
    told = {"lens_serial": "42", "height": 128, "width": 192}
    assert names(library, aperture=2.8, **told) == ["wide", "four"]
    assert names(library, aperture=5.0, **told) == ["four", "wide"]
    # A smaller field does not hold the photo, also where it knows the aperture best.
    assert names(library, aperture=2.0, **told) == ["wide", "four"]
    # Who has photographed an aperture needs nobody's help.
    assert names(library, aperture=4.0) == ["four"]


def test_between_two_focal_lengths_and_two_distances_too(kept):
    library = read_library(
        kept(
            short=profile(focal_mm=24.0),
            long=profile(focal_mm=70.0),
            near=profile(focal_mm=70.0, focus_distance_m=1.0),
            far=profile(focal_mm=70.0, focus_distance_m=10.0),
        )
    )
    assert set(names(library, aperture=2.8, focal_mm=50.0)) == {"short", "long"}
    assert names(library, aperture=1.8, focal_mm=24.0) == ["short"]
    told = {"aperture": 1.8, "focal_mm": 70.0}
    assert names(library, **told, focus_distance_m=10.5) == ["far"]
    assert set(names(library, **told, focus_distance_m=2.0)) == {"near", "far"}


def test_parts_that_were_joined_and_kept_count_once(kept):
    wide, four = profile(f_number=1.8), profile(f_number=4.0)
    lens = replace(wide, members=(four,))
    library = read_library(kept(wide=wide, four=four, lens=lens))
    assert names(library, aperture=2.8) == ["lens"]


def test_two_files_of_a_lens_are_fitted_once(kept, fits):
    folder = kept(wide=profile(f_number=1.8), four=profile(f_number=4.0))
    for _ in range(2):
        source = LibrarySource(read_library(folder))
        chosen = [finish(source.for_photo(photo(aperture=n))) for n in (2.2, 2.8)]
        assert [c.prediction.sources for c in chosen] == [("f/1.8", "f/4")] * 2
    # Also the next time that the program runs.
    assert fits == [[1.8, 4.0]]


@pytest.mark.parametrize(
    ("spoils", "others", "taken", "why"),
    [
        (2.0, (1.8, 4.0), {"1.8", "4"}, "explain the kernels too badly"),
        (2.0, (1.8,), {"2"}, "explain the kernels too badly"),
        (2.2, (1.8, 4.0), {"1.8", "4"}, "the expected error would be 40% instead of 16%"),
        (2.2, (1.8,), {"2.2"}, "the expected error would be 40% instead of 15%"),
    ],
)
def test_a_file_that_spoils_the_lens_is_left_out_and_named(kept, spoils, others, taken, why):
    files = {f"{n:g}": profile(f_number=n) for n in (*others, spoils)}
    chosen = chosen_for(read_library(kept(**files)), photo(aperture=2.8))
    assert not chosen.refusals and {path.stem for path in chosen.paths} == taken
    (left_out,) = set(files) - taken
    assert chosen.notes[0].startswith(f"left out: {left_out}.lenscal, with which")
    assert why in chosen.notes[0]


def test_where_no_lens_explains_the_kernels_the_photo_is_refused_with_that(kept):
    bad = replace(profile().lens_model, misfit=0.9)
    folder = kept(one=profile(lens_model=bad), two=profile(lens_model=bad, lens_serial="7"))
    chosen = chosen_for(read_library(folder), photo(aperture=2.8))
    assert "too badly to predict others" in chosen.refusals[0]


def test_find_tells_what_correct_does(run, tmp_path, kept, make_dng):
    told = {"lens": "Test 35mm"}
    folder = kept(wide=profile(**told), junk=profile(f_number=2.0, **told))
    kept(four=profile(f_number=4.0, **told))
    source = make_dng(tmp_path / "a.dng", f_number=2.8)
    words = (source, "--library", folder)
    code, out, err = run("library", "find", *words)
    assert code == 0 and "wide.lenscal and " in out and "expected error 16%" in out
    note = "note: a.dng: left out: junk.lenscal, with which"
    assert note in err
    found = json.loads(run("library", "find", *words, "--json")[1])["photos"][0]
    out = tmp_path / "out"
    code, printed, err = run("correct", *words, "--out", out, "--format", "jpeg", "--json")
    assert code == 0 and note in err
    written = json.loads(printed)["photos"][0]
    assert found["profiles"] == written["profiles"] and len(found["profiles"]) == 2
    assert found["expected_error"] == written["predicted"]["expected_error"]
    # What correct refuses is not found either.
    larger = make_dng(tmp_path / "b.dng", size=(192, 288))
    for command in (("library", "find"), ("correct", "--out", out)):
        code, said, err = run(*command, larger, "--library", folder)
        assert code == 2 and "it shows more than the PSF was learnt from" in said + err


def test_find_takes_a_photo_that_does_not_tell_its_size(run, tmp_path, kept, make_dng):
    folder = kept(a=profile("Test 35mm"))
    whole = make_dng(tmp_path / "a.dng").read_bytes()
    (tmp_path / "cut.dng").write_bytes(whole[: len(whole) // 2])
    code, out, err = run("library", "find", tmp_path / "cut.dng", "--library", folder)
    assert (code, "a.lenscal (f/1.8: photographed" in out) == (0, True), out + err


def test_files_of_two_copies_are_no_lens_whatever_a_third_leaves_open(kept):
    library = read_library(
        kept(
            any_copy=profile(f_number=1.8),
            one=profile(f_number=4.0, lens_serial="1"),
            two=profile(f_number=5.6, lens_serial="2"),
        )
    )
    # The photo does not say which copy it was taken with.
    assert set(names(library, aperture=2.8)) == {"any_copy", "one"}
    assert set(names(library, aperture=4.5)) == {"any_copy", "one"}
    assert set(names(library, aperture=2.8, lens_serial="2")) == {"any_copy", "two"}


def test_a_focal_length_that_nobody_knows_goes_with_none_that_is_known(kept):
    unknown = {"focal_mm": None, "f_number": 4.0}
    library = read_library(kept(a=profile(), b=profile(**unknown)))
    assert names(library, aperture=2.8) == ["a"]
    library = read_library(kept(a=profile(focal_mm=None), b=profile(**unknown)))
    assert set(names(library, aperture=2.8)) == {"a", "b"}


def sure(confidence, **told):
    grid = profile().psf
    return profile(psf=replace(grid, confidence=np.full((2, 2, 3), confidence, np.float32)), **told)


def test_of_those_at_the_photos_aperture_the_surest_and_of_those_alike_the_newest(kept):
    library = read_library(
        kept(
            sure=sure(0.9, created="2026-01-01"),
            as_sure=sure(0.895, created="2026-02-01"),
            doubtful=sure(0.8, created="2026-03-01"),
            surest_of_another_aperture=sure(0.99, f_number=1.4),
        )
    )
    assert names(library, aperture=1.8) == ["as_sure"]


def test_of_those_that_predict_alone_the_surest(kept):
    # Two copies, of which the photo does not say its own: no lens together.
    library = read_library(
        kept(
            near=sure(0.7, f_number=2.2, lens_serial="1"),
            sure=sure(0.9, f_number=1.8, lens_serial="2"),
        )
    )
    assert names(library, aperture=2.8) == ["sure"]


def test_what_was_focused_where_the_photo_was_comes_first_and_else_it_is_said(kept):
    library = read_library(
        kept(
            near=sure(0.8, focus_distance_m=1.0),
            far=sure(0.9, focus_distance_m=20.0, focal_mm=35.0, lens_serial="1"),
            nobody_knows=sure(0.95),
        )
    )
    told = {"aperture": 1.8, "lens_serial": "1"}
    assert names(library, **told, focus_distance_m=1.05) == ["near"]
    assert names(library, **told, focus_distance_m=15.0) == ["far"]
    assert names(library, **told) == ["nobody_knows"]
    chosen = chosen_for(library, photo(**told, focus_distance_m=0.6))
    assert chosen.paths[0].stem == "near"
    assert chosen.notes == ("focused at 0.6 m, and the kernels are for 1 m",)


def test_kernels_are_hashed_and_merged_once(kept, monkeypatch):
    from lenscal.lens import joining
    from lenscal.library import joint

    hashed, merged = [], []

    def count(calls, function):
        return lambda given: (calls.append(1), function(given))[1]

    monkeypatch.setattr(joining, "fingerprint", count(hashed, joining.fingerprint))
    monkeypatch.setattr(joint, "gathered", count(merged, joint.gathered))
    folder = kept(wide=profile(f_number=1.8), four=profile(f_number=4.0))
    source = LibrarySource(read_library(folder))
    for aperture in (2.2, 2.8, 3.2, 4.0):
        finish(source.for_photo(photo(aperture=aperture)))
    assert len(hashed) == 2 and len(merged) == 1


def with_network(**told):
    description = NetworkDescription("a network", 0.9)
    weights = {"head.weight": np.zeros((4, 3), np.float32)}
    return profile("Test 35mm", network=description, network_weights=weights, **told)


@pytest.mark.parametrize("from_library", [True, False])
def test_a_network_for_predicted_kernels_is_refused_before_any_work(
    run, tmp_path, kept, make_dng, fits, from_library
):
    folder = kept(a=with_network(lens_model=None))
    source = make_dng(tmp_path / "a.dng", f_number=2.8)
    lens = ["--library", folder] if from_library else [folder / "a.lenscal"]
    words = [*lens, source, "--out", tmp_path / "out", "--method", "network"]
    code, out, err = run("correct", *words, *(["--force"] if from_library else []))
    assert code == 2 and fits == []
    assert "nothing was calibrated at f/2.8 and 35 mm" in out + err
    assert "use --method wiener" in out + err and not (tmp_path / "out").exists()


def test_where_a_network_is_needed_the_profile_that_has_one_is_taken(kept):
    network = with_network(created="2020-01-01")
    library = read_library(kept(a=network, b=profile("Test 35mm"), c=profile("Test 35mm", 4.0)))
    asked = photo(lens="Test 35mm")
    chosen = finish(LibrarySource(library, with_networks=True).for_photo(asked))
    assert chosen.paths[0].stem == "a" and chosen.profile.network_weights
    assert names(library, lens="Test 35mm") == ["b"]


def test_a_photo_that_names_no_lens(kept):
    library = read_library(kept(a=profile()))
    assert names(library, lens="") == ["a"]
    library = read_library(kept(b=profile("Other 85mm f/2", focal_mm=85.0)))
    with pytest.raises(InputError, match="several for Lenscal Test"):
        names(library, lens="")


def test_a_mixed_folder_of_five_lenses_and_six_apertures(run, tmp_path, kept, make_dng):
    lenses = {
        "Test 24mm f/1.4": 24.0,
        "Test 35mm f/1.8": 35.0,
        "Test 50mm f/1.4": 50.0,
        "Test 85mm f/1.8": 85.0,
        "Test 135mm f/2.8": 135.0,
    }
    widest = dict(zip(lenses, (1.4, 1.8, 1.4, 1.8, 2.8), strict=True))
    folder = kept(
        **{
            lens.split()[1]: profile(lens, widest[lens], focal_mm=focal)
            for lens, focal in lenses.items()
        }
    )
    photos, expected = tmp_path / "photos", {}
    for number, (lens, focal) in enumerate(lenses.items()):
        for f_number in (1.4, 1.8, 2.8, 4.0, 5.6, 8.0)[number % 2 :: 2]:
            if f_number < widest[lens]:
                continue
            path = photos / f"{focal:g}-{f_number:g}.dng"
            make_dng(path, size=(128, 192), lens=lens, focal_mm=focal, f_number=f_number)
            expected[path.name] = (f"{lens.split()[1]}.lenscal", f_number > widest[lens])
    unknown = make_dng(photos / "unknown.dng", lens="Foreign 20mm f/2", focal_mm=20.0)
    out = tmp_path / "out"
    code, printed, err = run(
        "correct", photos, "--library", folder, "--out", out, "--format", "jpeg", "--json"
    )
    assert code == 1, err
    told = json.loads(printed)
    assert [Path(f["photo"]).name for f in told["failed"]] == [unknown.name]
    assert "no profile for Foreign 20mm f/2" in told["failed"][0]["reason"]
    found = {
        Path(p["photo"]).name: (Path(p["profile"]).name, p["predicted"] is not None)
        for p in told["photos"]
        if p["output"]
    }
    assert found == expected
    assert len({name for name, _ in expected.values()}) == 5
    assert len({name.split("-")[1] for name in expected}) == 6


def test_a_photo_at_an_aperture_in_between_says_what_it_was_corrected_with(run, tmp_path, make_dng):
    from lenscal.raw.exif import read_exif

    lens = write_profile(tmp_path / "lens.lenscal", profile("Test 35mm"))
    source = make_dng(tmp_path / "a.dng", f_number=4.0)
    code, printed, err = run("correct", lens, "--out", tmp_path / "out", source, "--format", "jpeg")
    assert code == 0, err
    words = "kernels predicted for f/4 from those of f/1.8"
    assert words in printed
    (written,) = (tmp_path / "out").iterdir()
    assert words in str(read_exif(written)) or words.encode() in written.read_bytes()


def test_two_files_of_a_lens_are_named_with_what_they_predict(run, tmp_path, kept, make_dng):
    both = LensModel(LAYOUT, (0.0,) * 428, 1.8, 5, 4.3, (1.8, 4.0), 0.05)
    folder = kept(
        wide=profile("Test 35mm", lens_model=both), four=profile("Test 35mm", f_number=4.0)
    )
    source = make_dng(tmp_path / "a.dng", f_number=2.8)
    words = ("--library", folder, "--out", tmp_path / "out", source, "--format", "jpeg")
    code, printed, err = run("correct", *words)
    assert code == 0, err
    assert "with wide.lenscal and four.lenscal" in printed
    said = "kernels predicted for f/2.8 from those of f/1.8, f/4"
    (written,) = (tmp_path / "out").iterdir()
    assert said in printed and said.encode() in written.read_bytes()
    found = json.loads(run("library", "find", source, "--library", folder, "--json")[1])
    assert [Path(p).name for p in found["photos"][0]["profiles"]] == [
        "wide.lenscal",
        "four.lenscal",
    ]


def test_a_crop_of_the_sensor_gets_its_part_of_the_librarys_field(run, tmp_path, kept, make_dng):
    folder = kept(a=profile("Test 35mm"))
    # Three quarters of each side: no sum of pixels.
    photo = make_dng(tmp_path / "a.dng", size=(96, 144), f_number=2.8)
    code, printed, err = run(
        "correct", photo, "--library", folder, "--out", tmp_path / "out", "--format", "jpeg"
    )
    assert code == 0, err
    assert "a crop of 144 x 96 px" in err and "with a.lenscal" in printed


def test_find_names_the_profile_or_what_is_missing(run, tmp_path, kept, make_dng):
    folder = kept(a=profile("Test 35mm"))
    known = make_dng(tmp_path / "photos" / "a.dng", f_number=2.8)
    code, out, _ = run("library", "find", known, "--library", folder)
    assert code == 0 and "a.lenscal (f/2.8: predicted, expected error 17%)" in out
    make_dng(tmp_path / "photos" / "b.dng", f_number=1.2)
    code, out, _ = run("library", "find", tmp_path / "photos", "--library", folder)
    assert code == 1
    assert "nothing for f/1.2 at 35 mm; nearest is a" in out


def test_without_a_library_correct_says_what_to_do(run, tmp_path, make_dng):
    source = make_dng(tmp_path / "a.dng")
    code, _, err = run("correct", source, "--out", tmp_path / "out", "--library", tmp_path / "none")
    assert code == 2 and "lenscal library add" in err
    assert not (tmp_path / "out").exists()
    # A mistyped profile is no photo.
    code, _, err = run("correct", tmp_path / "mylens.lenscal", source, "--out", tmp_path / "out")
    assert code == 2 and "mylens.lenscal: there is no such file" in err


def test_join_and_its_export(run, tmp_path):
    a = write_profile(tmp_path / "a.lenscal", profile())
    b = write_profile(tmp_path / "b.lenscal", profile(focal_mm=50.0))
    lens = tmp_path / "lens.lenscal"
    code, out, err = run("join", a, b, "--out", lens)
    assert code == 0, err
    assert "2 calibrations" in out and "at 50 mm" in out
    told = json.loads(run("info", lens, "--json")[1])
    assert [c["predicted"] for c in told["coverage"]] == [[1.8, 8.0]] * 2
    psf = tmp_path / "psf"
    code, out, err = run(
        "export-psf",
        lens,
        "--out",
        psf,
        "--format",
        "npz",
        "--aperture",
        2.8,
        "--focal",
        42,
        "--json",
    )
    assert code == 0, err
    assert json.loads(out)["predicted"]["from"] == ["f/1.8 at 35 mm", "f/1.8 at 50 mm"]
    assert (psf / "psf.npz").exists()
    assert run("export-psf", lens, "--out", psf, "--aperture", 1.2)[0] == 2
