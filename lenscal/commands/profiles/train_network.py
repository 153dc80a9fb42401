"""lenscal train-network."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenscal.commands.calibrate import write_or_rescue
from lenscal.commands.progress import CANCELLED, Speaker, run_job
from lenscal.errors import InputError
from lenscal.system.device import check_device, device_notes
from lenscal.system.isolation.calls import warm_up
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.files.psf.profile import Profile
    from lenscal.intake.photo_files import FoundPhotos
    from lenscal.supervised.settings import NetworkSettings
    from lenscal.supervised.training import TrainedNetwork

_SENSORS = {"bayer": True, "full-colour": False}
"""Whether there is a mosaic."""


def run_train_network(args: argparse.Namespace) -> int:
    """Train a network for the profile's lens and keep it in the profile."""
    from lenscal.files.output_paths import check_profile_path
    from lenscal.files.psf.opening import PsfKind, psf_kind
    from lenscal.files.write_claim import only_writer
    from lenscal.intake.photo_files import find_photos

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    settings = network_settings(args)
    path: Path = args.psf
    if not path.exists():
        raise InputError(translatable("{path}: there is no such file", path=path))
    if psf_kind(path) is not PsfKind.PROFILE:
        raise InputError(
            translatable(
                "{path} is no profile: a network is kept in one; calibrate to get LENS.lenscal",
                path=path,
            )
        )
    check_profile_path(path)
    found = find_photos(args.photos)
    # The last check: it loads torch, which takes seconds.
    check_device(args.device)
    # Read and written by this program alone: another one's changes would be lost.
    with only_writer(path):
        return _train(args, settings, found, speaker)


def _train(
    args: argparse.Namespace, settings: NetworkSettings, found: FoundPhotos, speaker: Speaker
) -> int:
    from lenscal import jobs
    from lenscal.files.psf.profile import read_profile

    path: Path = args.psf
    profile = read_profile(path)
    warm_up()
    work = jobs.train_network(profile, found.files, settings, mosaic=_SENSORS.get(args.sensor))
    # The profile is written at the end only: until then it is as it was.
    profile, trained = run_job(work, speaker, keeps=True)
    write_or_rescue(path, profile)
    for text in (*device_notes(args.device), *found.notes, *trained.notes):
        speaker.note(f"note: {text}")
    speaker.result(_in_words(path, trained), _values(path, profile, trained))
    return CANCELLED if trained.finished == "stopped" else 0


def network_settings(args: argparse.Namespace) -> NetworkSettings:
    """How to train, checked."""
    from lenscal.supervised.settings import NetworkSettings, NetworkSize

    return NetworkSettings(
        size=NetworkSize(args.size),
        minutes=args.minutes,
        seed=args.seed,
        device=args.device,
        resume=args.resume,
    )


def _values(path: Path, profile: Profile, trained: TrainedNetwork) -> dict[str, Any]:
    """What `train-network --json` says."""
    network = profile.network
    assert network is not None
    return {
        "profile": str(path),
        "layout": network.layout,
        "parameters": sum(int(value.size) for value in profile.network_weights.values()),
        "share": network.share,
        "gain_db": trained.held_out.gain_db,
        "wiener_db": dict(network.wiener_db),
        "network_db": dict(network.network_db),
        "steps": network.steps,
        "seconds": trained.seconds,
        "device": trained.device,
        "photos": {"trained_on": network.photos, "held_out": network.held_out},
        "mosaic": network.mosaic,
        "finished": trained.finished,
        "notes": list(trained.notes),
    }


def _in_words(path: Path, trained: TrainedNetwork) -> str:
    judgement = trained.held_out
    lines = [
        f"{path} holds the network after {trained.steps} steps, {trained.seconds / 60:.1f} min on "
        f"{trained.device}."
    ]
    if trained.finished == "stopped":
        lines.append("The training ended early, as you stopped it: what was reached is kept.")
    n_trained, n_held = trained.photos
    lines.append(f"{n_trained} photos trained on, {n_held} held out to judge it.")
    if judgement.share == 0:
        lines.append(
            "It is not better than the Wiener filter yet, so that nothing of its change is kept: "
            "--resume goes on."
        )
        return "\n".join(lines)
    gains = ", ".join(
        f"{judgement.network_db[gain] - db:+.2f} dB at {gain:g} times the profile's ISO"
        for gain, db in judgement.wiener_db.items()
    )
    lines.append(f"Over the Wiener filter, on the held-out photos: {gains}.")
    lines.append("Correct photos with it: lenscal correct ... --method network")
    return "\n".join(lines)
