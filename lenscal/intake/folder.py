"""Folders of RAW photos to frames: the start of every job."""

from __future__ import annotations

import filecmp
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from lenscal.errors import InputError, PhotoError
from lenscal.intake.grouping import (
    SETS,
    Overrides,
    check_no_photo_twice,
    check_same_setup,
    group_by_aperture,
    pick_photos,
)
from lenscal.intake.inputs import (
    ImportedFolder,
    Inputs,
    Judged,
    Rejected,
    judged,
    natural_key,
    refuse_hopeless,
)
from lenscal.intake.survey import survey
from lenscal.raw.frame import Frame, PhotoInfo
from lenscal.reports import Report
from lenscal.stepping import STOP, Job, follow
from lenscal.system.threads import in_order
from lenscal.translation import translatable

RAW_EXTENSIONS = frozenset(
    (
        ".3fr",
        ".ari",
        ".arw",
        ".bay",
        ".cr2",
        ".cr3",
        ".crw",
        ".dcr",
        ".dng",
        ".erf",
        ".fff",
        ".gpr",
        ".iiq",
        ".k25",
        ".kdc",
        ".mef",
        ".mos",
        ".mrw",
        ".nef",
        ".nrw",
        ".orf",
        ".ori",
        ".pef",
        ".raf",
        ".raw",
        ".rw2",
        ".rwl",
        ".sr2",
        ".srf",
        ".srw",
        ".x3f",
    )
)
MOST_AT_ONCE = 4
"""Photos that are decoded side by side: LibRaw takes some hundred MB for each meanwhile."""
_CLEAR_MAJORITY, _FEWEST = 0.75, 3
LEAST_PHOTO_BYTES = 65536
"""Smaller files are no RAW photos; what is wrong with them is told one by one."""


def find_raw_files(paths: Sequence[Path]) -> list[Path]:
    """RAW files among files and directly in folders, each once, in natural order (IMG_9 before
    IMG_10).

    Raises
    ------
    InputError
        A path does not exist, or there are no RAW files.
    """
    found: dict[Path, Path] = {}
    others = 0
    for path in paths:
        if path.is_dir():
            try:
                children = [c for c in path.iterdir() if not c.name.startswith(".") and c.is_file()]
            except OSError as error:
                raise InputError(
                    translatable(
                        "the folder {path} cannot be read ({strerror}): check its rights",
                        path=path,
                        strerror=error.strerror,
                    )
                ) from error
        elif path.exists():
            children = [path]
        else:
            raise InputError(translatable("{path}: there is no such file or folder", path=path))
        raws = [c for c in children if c.suffix.lower() in RAW_EXTENSIONS]
        others += len(children) - len(raws)
        found.update({c.resolve(): c for c in raws if c.resolve() not in found})
    if not found:
        where = ", ".join(str(p) for p in paths) or "no folder given"
        state = translatable("empty")
        if others:
            state = translatable("no RAW files, only 1 other file")
        if others > 1:
            state = translatable("no RAW files, only {others} other files", others=others)
        inner = sorted(
            c.name
            for p in paths
            if p.is_dir()
            for c in p.iterdir()
            if c.is_dir() and c.name[0] != "."
        )
        if inner:
            state = translatable(
                "no RAW files (photos in folders inside it, like {inner}, are not read)",
                inner=inner[0],
            )
        raise InputError(
            translatable(
                "{where}: {state}; choose a folder of RAW photos (.CR3, .NEF, .ARW, .DNG, ...)",
                where=where,
                state=state,
            )
        )
    return sorted(found.values(), key=lambda p: (natural_key(p.name), str(p)))


def import_folder(
    paths: Sequence[Path],
    *,
    overrides: Overrides | None = None,
    cache: Path | None = None,
    role: str = "sharp",
) -> Job[ImportedFolder]:
    """Decode the RAW photos of a folder (or of files). Unreadable ones are left out and named;
    nothing is judged.

    Parameters
    ----------
    paths : sequence of Path
    overrides : Overrides or None
        Typed-in values; the aperture picks a group where the folder holds several.
    cache : Path or None
        Folder for the decoded arrays, which are then memory-mapped.
    role : str
        "sharp" or "degraded": for messages and the option they name.

    Raises
    ------
    InputError
        No RAW files, none readable, mixed cameras, lenses, focal lengths or apertures, unknown
        aperture.
    """
    chosen, rejected = yield from _pick(find_raw_files(paths), overrides or Overrides(), role)
    return (yield from _decode_all(chosen, rejected, cache, role))


def import_pair(
    sharp_paths: Sequence[Path],
    degraded_paths: Sequence[Path],
    *,
    sharp_overrides: Overrides | None = None,
    degraded_overrides: Overrides | None = None,
    cache: Path | None = None,
    keep_all: bool = False,
    only_look: bool = False,
) -> Job[Inputs]:
    """Decode both folders of a calibration, check that they fit together and leave out what is not
    worth learning from.

    Everything that metadata can tell is checked before the first photo is decoded. With `keep_all`,
    photos that were found wanting stay in, with a warning; to `only_look`, folders that nothing can
    be learnt from come back too.

    Raises
    ------
    InputError
        As `import_folder`; also the same files twice, different cameras, lenses, focal lengths or
        sizes, and folders without a usable photo or hardly any texture.
    """
    sharp_files, degraded_files = find_raw_files(sharp_paths), find_raw_files(degraded_paths)
    sharp, sharp_out = yield from _pick(sharp_files, sharp_overrides or Overrides(), "sharp")
    degraded, degraded_out = yield from _pick(
        degraded_files, degraded_overrides or Overrides(), "degraded"
    )
    check_no_photo_twice(sharp, degraded)
    check_same_setup([*sharp, *degraded], "sharp and degraded")
    share = len(sharp) / (len(sharp) + len(degraded))
    sharp_folder, _ = yield from follow(_decode_all(sharp, sharp_out, cache, "sharp"), 0, share)
    degraded_folder, _ = yield from follow(
        _decode_all(degraded, degraded_out, cache, "degraded"), share, 1
    )
    frames = (*sharp_folder.frames, *degraded_folder.frames)
    check_same_setup([frame.info for frame in frames], "sharp and degraded")
    inputs = judged(sharp_folder, degraded_folder, keep_all=keep_all)
    if not only_look:
        refuse_hopeless(inputs)
    return inputs


def _pick(
    files: Sequence[Path], overrides: Overrides, role: str
) -> Job[tuple[tuple[PhotoInfo, ...], tuple[Rejected, ...]]]:
    """Read metadata and pick the photos to decode."""
    from lenscal.raw.decode import probe
    from lenscal.raw.metadata import read_info

    files, copies = _without_copies(files)
    infos = []
    for n, path in enumerate(files):
        yield Report(
            "import",
            translatable(
                "Reading what {name} says ({n} of {files} {role} photos)",
                name=path.name,
                n=n + 1,
                files=len(files),
                role=SETS.get(role, role),
            ),
            0.0,
            n,
        )
        infos.append(read_info(path, ask_libraw=False))
    try:
        chosen = pick_photos(infos, overrides, role)
        return chosen, (*_untold(infos, chosen), *copies)
    except InputError:
        # Damaged files may say anything: leave them out before complaining of what does not fit.
        readable, rejected = [], []
        for n, info in enumerate(infos):
            yield Report("import", translatable("Looking into {name}", name=info.path.name), 0.0, n)
            reason = probe(info.path, info)
            if reason:
                rejected.append(Rejected(info.path, reason))
            else:
                readable.append(read_info(info.path))
        if not readable:
            raise _all_unreadable(rejected, role) from None
        if overrides.aperture is None:
            readable, strangers = _without_wrong_apertures(readable)
            rejected += strangers
        return pick_photos(readable, overrides, role), (*rejected, *copies)


def _untold(infos: Sequence[PhotoInfo], chosen: Sequence[PhotoInfo]) -> list[Rejected]:
    """Photos that a typed-in aperture has not picked because they do not tell theirs: most often
    damaged files."""
    from lenscal.raw.decode import probe

    taken = {info.path for info in chosen}
    out = []
    for info in infos:
        if info.aperture is not None or info.path in taken:
            continue
        reason = probe(info.path, info)
        no_aperture = translatable("it does not say its aperture")
        out.append(
            Rejected(info.path, reason)
            if reason
            else Rejected(info.path, no_aperture, kind="no aperture")
        )
    return out


def _without_copies(files: Sequence[Path]) -> tuple[list[Path], list[Rejected]]:
    """Every photo once: files of the same bytes, whatever their names."""
    kept: list[Path] = []
    copies = []
    for path in files:
        known = next((k for k in kept if _same_bytes(k, path)), None)
        if known is None:
            kept.append(path)
        else:
            told = translatable("a copy of {name}: a photo counts once", name=known.name)
            copies.append(Rejected(path, told, kind="copy"))
    return kept, copies


def _same_bytes(a: Path, b: Path) -> bool:
    """Whether two files hold the same; what cannot be read, or is too small for a photo, is left to
    the decoder."""
    try:
        size = a.stat().st_size
        return (
            size >= LEAST_PHOTO_BYTES
            and size == b.stat().st_size
            and filecmp.cmp(a, b, shallow=False)
        )
    except OSError:
        return False


def _without_wrong_apertures(infos: list[PhotoInfo]) -> tuple[list[PhotoInfo], list[Rejected]]:
    """Where nearly all photos of a folder say one aperture, those that say another are left out."""
    groups = group_by_aperture(infos)
    usual, most = max(groups.items(), key=lambda item: len(item[1]))
    if usual is None or len(most) < max(_FEWEST, _CLEAR_MAJORITY * len(infos)):
        return infos, []
    taken = {info.path for info in most}
    out = []
    for info in infos:
        if info.path not in taken:
            told = f"f/{info.aperture:.2g}" if info.aperture else translatable("none")
            reason = translatable(
                "wrong aperture: it says {told}, the other photos of its folder f/{usual:g}",
                told=told,
                usual=usual,
            )
            out.append(Rejected(info.path, reason, kind="wrong aperture"))
    return list(most), out


def _all_unreadable(rejected: Sequence[Rejected], role: str) -> InputError:
    reasons = "; ".join(f"{r.path.name}: {r.reason}" for r in rejected[:3])
    more = f"; and {len(rejected) - 3} more" if len(rejected) > 3 else ""
    return InputError(
        translatable(
            "none of the {role} photos can be read ({reasons}{more}): choose other files",
            role=SETS.get(role, role),
            reasons=reasons,
            more=more,
        )
    )


def _decode_all(
    infos: Sequence[PhotoInfo], rejected: Sequence[Rejected], cache: Path | None, role: str
) -> Job[ImportedFolder]:
    from lenscal.raw.decode import decode_photo

    def decoded(info: PhotoInfo) -> Frame | PhotoError:
        try:
            return decode_photo(info.path, info=info, cache=cache)
        except PhotoError as error:
            return error

    frames: list[Frame] = []
    out = list(rejected)
    with closing(in_order(decoded, infos, most=MOST_AT_ONCE)) as results:
        for n, info in enumerate(infos):
            reply = yield Report(
                "import",
                translatable(
                    "Decoding {name} ({n} of {infos} {role} photos)",
                    name=info.path.name,
                    n=n + 1,
                    infos=len(infos),
                    role=SETS.get(role, role),
                ),
                n / len(infos),
                n,
            )
            result = next(results)
            if isinstance(result, PhotoError):
                out.append(Rejected(info.path, result.reason))
            else:
                frames.append(result)
            if reply == STOP and frames:
                break
    if not frames:
        raise _all_unreadable(out, role)
    frames = _agree(frames)
    check_same_setup([f.info for f in frames], role)
    photos = []
    with closing(in_order(survey, frames)) as surveys:
        for frame in frames:
            yield Report(
                "import",
                translatable("Looking at the texture of {name}", name=frame.info.path.name),
                1.0,
                len(infos),
            )
            photos.append(Judged(frame, next(surveys)))
    yield Report(
        "import",
        translatable(
            "{frames} {role} photos are ready", frames=len(frames), role=SETS.get(role, role)
        ),
        1.0,
        len(infos),
    )
    return ImportedFolder(tuple(photos), tuple(out))


def _agree(frames: Sequence[Frame]) -> list[Frame]:
    """One white level for photos of equal black levels, and one noise estimate for photos of equal
    ISO."""
    from lenscal.raw.noise import estimate_noise

    white = max(f.white for f in frames)
    level = []
    for frame in frames:
        black = float(frame.black.mean())
        same_kind = np.allclose(frame.black, frames[0].black, atol=2) and white < 1.5 * frame.white
        scale = frame.rgb_scale * (frame.white - black) / (white - black)
        level.append(
            replace(frame, white=white, rgb_scale=scale)
            if same_kind and white != frame.white
            else frame
        )
    pooled = {}
    for iso in {f.info.iso for f in level if not f.info.noise_profile}:
        pooled[iso] = estimate_noise(
            [f for f in level if f.info.iso == iso and not f.info.noise_profile]
        )
    return [f if f.info.noise_profile else replace(f, noise=pooled[f.info.iso]) for f in level]
