"""The restoration network of a profile: training it, and finding it for a photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.errors import InputError
from lenscal.files.network_weights import NetworkDescription
from lenscal.jobs.profile_match import placement_of
from lenscal.raw.pictures.kinds import Light
from lenscal.stepping import Job
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.files.psf.profile import Profile
    from lenscal.raw.frame import Frame
    from lenscal.restore.network.bands import LensNetwork
    from lenscal.restore.settings import RestoreSettings
    from lenscal.supervised.settings import NetworkSettings
    from lenscal.supervised.training import TrainedNetwork


def train_network(
    profile: Profile,
    photos: Sequence[Path],
    settings: NetworkSettings,
    *,
    mosaic: bool | None = None,
) -> Job[tuple[Profile, TrainedNetwork]]:
    """Train a restoration network on pairs that the profile's operator makes of sharp photos.

    Returns the profile with the network, ready to be written. `STOP` keeps what was reached.

    mosaic : whether the photos to correct come from a Bayer sensor; None: RAW photos do

    Raises
    ------
    InputError
        The profile is none but kernels, there is no network to go on with, or the photos do not
        suffice.
    """
    from lenscal.restore.network.weights import arrays_of, layout_of, network_of
    from lenscal.supervised import training

    if settings.resume and profile.network is None:
        raise InputError(
            translatable("--resume: the profile has no network yet; train without --resume")
        )
    before = profile.network if settings.resume else None
    begun = None if before is None else network_of(before.layout, profile.network_weights)
    of_bayer = (profile.light is None) if mosaic is None else mosaic
    if before is not None and before.mosaic != of_bayer:
        raise InputError(
            translatable(
                "--resume: the profile's network is for another kind of sensor; train without "
                "--resume"
            )
        )
    operator = training.Operator(
        profile.psf, profile.noise, of_bayer, profile.light or Light.LINEAR
    )
    trained = yield from training.train_network(
        operator, photos, settings, begun=begun, steps_before=before.steps if before else 0
    )
    judgement = trained.held_out
    description = NetworkDescription(
        layout_of(trained.net),
        judgement.share,
        of_bayer,
        trained.steps + (before.steps if before else 0),
        trained.seconds + (before.seconds if before else 0.0),
        *trained.photos,
        {f"{gain:g}": db for gain, db in judgement.wiener_db.items()},
        {f"{gain:g}": db for gain, db in judgement.network_db.items()},
        datetime.now(UTC).isoformat(timespec="seconds"),
    )
    weights = arrays_of(trained.net)
    return replace(profile, network=description, network_weights=weights), trained


def network_for(profile: Profile, photo: Frame, settings: RestoreSettings) -> LensNetwork | None:
    """The profile's network as a photo needs it; None where the settings ask for none.

    Raises
    ------
    InputError
        The profile has no network, or one for photos of another kind.
    """
    if not settings.needs_network:
        return None
    require_network(profile)
    assert profile.network is not None
    from lenscal.raw.frame import Sampling
    from lenscal.restore.network.bands import LensNetwork
    from lenscal.restore.network.planes import Place
    from lenscal.restore.network.weights import network_of

    of_bayer = photo.sampling is Sampling.BAYER
    # X-Trans: LibRaw's demosaicing of it is unlike any that a network has seen.
    another_mosaic = photo.mosaic.size > 0 and not of_bayer
    if of_bayer != profile.network.mosaic or another_mosaic:
        raise InputError(
            translatable(
                "the profile's network is for {kind}, and this photo is none: use --method wiener "
                "or dpir",
                kind=(
                    translatable("RAW photos of Bayer sensors")
                    if profile.network.mosaic
                    else translatable("photos that know all colours at every pixel")
                ),
            )
        )
    placement = placement_of(profile, photo)
    if placement is not None and placement.pitch != 1:
        raise InputError(
            translatable(
                "the profile's network is for photos of whole resolution, and pixels of this one "
                "are {pitch:.2g} times as large: use --method wiener or dpir",
                pitch=placement.pitch,
            )
        )
    # What lies elsewhere (--force) is taken for a whole photo.
    place = Place((0, 0), photo.size)
    if placement is not None:
        y, x = (round(n) for n in placement.origin)
        place = Place((y, x), profile.psf.image_size)
    net = network_of(profile.network.layout, profile.network_weights)
    return LensNetwork(net, profile.network.share, place)


def require_network(profile: Profile) -> None:
    """Refuse a profile without a network."""
    if profile.network is None:
        raise InputError(
            translatable(
                "--method network: the profile has no restoration network; train one on sharp "
                "photos (lenscal train-network LENS.lenscal --photos FOLDER, or in the window "
                "“Train a network…” in step 5), or use --method wiener"
            )
        )
