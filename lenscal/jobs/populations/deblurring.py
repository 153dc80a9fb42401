"""Restore photos by what is known of their rig's blurs: each tells its own kernel, and is then
corrected with it as `correct` corrects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.deblur.settings import DeblurMethod, DeblurSettings
from lenscal.errors import InputError
from lenscal.files.own_files import correction_of
from lenscal.files.photos.export_settings import ExportSettings, free_path
from lenscal.files.population.population_file import Population
from lenscal.files.psf.profile import Profile
from lenscal.jobs.correcting import correct
from lenscal.jobs.photo_work import PhotoResult
from lenscal.lens.prediction import Chosen
from lenscal.raw.pictures.kinds import Light
from lenscal.reports import Report
from lenscal.stepping import Job, follow
from lenscal.translation import Translatable, join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.deblur.blind import Again, FoundKernels
    from lenscal.deblur.kernel_prior import KernelPrior
    from lenscal.deblur.roll import Roll
    from lenscal.raw.frame import Frame

SEARCHED = 0.4
"""Part of the time that the first search takes, where a turn of the camera is looked for, too."""
PRIOR_SAMPLES = 3000
"""Of the generator, that a kernel prior is trained on where the population has none yet."""
PRIOR_STEPS, KEPT_PRIOR_STEPS = 1500, 3000
"""Then, and for one that is kept: some minutes each."""


@dataclass(slots=True)
class FoundBlur:
    """The kernels that photos show to have been blurred by (a `FrameSource`).

    found : what was found, by the photo's path; photos that are in it are not looked at again
    """

    population: Population
    settings: DeblurSettings
    force: bool = False
    found: dict[Path, FoundKernels] = field(default_factory=dict)
    _prior: KernelPrior | None = None

    def for_frame(self, frame: Frame) -> Job[Chosen]:
        """Find the kernel of a photo.

        Raises
        ------
        InputError
            It tells no kernel, is of another kind than the population, or was corrected before.
        """
        reasons = list(self._refusals(frame))
        if reasons and not self.force:
            raise InputError(
                translatable(
                    "{reasons} (--force restores it all the same)",
                    reasons=join_translatable("; ", reasons),
                )
            )
        found = self.found.get(frame.info.path)
        if found is None:
            found = yield from self.kernels_of(frame)
            self.found[frame.info.path] = found
        doubt = found.doubt
        if doubt is not None and not self.force:
            raise InputError(doubt)
        turned = [] if found.roll is None else [roll_in_words(found.roll, frame.size)]
        notes = [*turned, *reasons, *self._notes(frame), *([] if doubt is None else [doubt])]
        words = f"blur of {found.agreement:.0%} agreement found in the photo"
        return Chosen(
            Profile(found.grid(frame.size)),
            notes=(agreement_in_words(found), *notes),
            in_words=words,
        )

    def kernels_of(self, frame: Frame) -> Job[FoundKernels]:
        """The kernels that explain a photo, and how the camera turned."""
        from lenscal.deblur import blind

        again = yield from self._way()
        material = blind.material_of(frame)
        if not self.settings.roll:
            return (yield from again(material))
        found, _ = yield from follow(again(material), 0.0, SEARCHED)
        if found.doubt is not None and not self.force:
            return found
        turning = blind.with_roll(found, frame, again)
        turned, _ = yield from follow(turning, SEARCHED, 1.0)
        return turned

    def _way(self) -> Job[Again]:
        """How the settings want kernels to be found."""
        from lenscal.deblur import blind

        n, seed = self.settings.n_kernels, self.settings.seed
        if self.settings.method is DeblurMethod.FAST:
            from lenscal.population.generator import generator_of

            described = self.population.generator
            return partial(
                blind.find_fast,
                draw=generator_of(self.population),
                latent=described.latent,
                kernel_size=described.kernel_size,
                n=n,
                seed=seed,
            )
        prior = yield from self._kernel_prior()
        if self.settings.method is DeblurMethod.JOINT:
            from lenscal.deblur.joint import picture_denoiser

            denoiser = picture_denoiser(self.settings)
            return partial(blind.find_jointly, prior=prior, denoiser=denoiser, n=n, seed=seed)
        return partial(blind.find_by_sampling, prior=prior, n=n, seed=seed)

    def _kernel_prior(self) -> Job[KernelPrior]:
        """That of the population, or one that is trained now."""
        from lenscal.deblur.kernel_prior import prior_of

        if self._prior is None:
            self._prior = prior_of(self.population)
        if self._prior is None:
            self._prior = yield from trained_prior(self.population, PRIOR_STEPS)
        return self._prior

    def _refusals(self, frame: Frame) -> Sequence[Translatable]:
        reasons = []
        if how := correction_of(frame.info.path):
            reasons.append(translatable("lenscal has corrected it already ({how})", how=how))
        if bool(self.population.light) != bool(frame.info.light):
            reasons.append(
                translatable(
                    "it is a RAW photo, the population was learnt from pictures (PNG, JPEG, TIFF)"
                )
                if self.population.light
                else translatable("it is a picture, the population was learnt from RAW photos")
            )
        return reasons

    def _notes(self, frame: Frame) -> Sequence[Translatable]:
        known, camera = self.population.camera, frame.info.camera
        if not known or not camera or known == camera:
            return []
        return [
            translatable(
                "the population was learnt with {known}, the photo is of {camera}",
                known=known,
                camera=camera,
            )
        ]


def trained_prior(population: Population, steps: int) -> Job[KernelPrior]:
    """A kernel prior, trained on samples of a population's generator."""
    from lenscal.deblur.kernel_prior import PriorSettings, train_kernel_prior
    from lenscal.population.generator import sample_kernels

    yield Report("kernel prior", translatable("Learning what kernels of this rig look like"), 0.0)
    kernels = sample_kernels(population, PRIOR_SAMPLES, population.seed)
    settings = PriorSettings(steps, seed=population.seed % 2**32)
    return (yield from train_kernel_prior(kernels, settings))


def agreement_in_words(found: FoundKernels) -> Translatable:
    """How sure a kernel is."""
    return translatable(
        "{n} kernels drawn for it agree by {agreement:.0%}",
        n=len(found.kernels),
        agreement=found.agreement,
    )


def roll_in_words(roll: Roll, image_size: tuple[int, int]) -> Translatable:
    """How much a turn of the camera changes blur."""
    return translatable(
        "the camera turned while the shutter was open: towards the corners the blur's path changes "
        "by up to {change:.0%} of its length in the middle",
        change=roll.at_corner(image_size),
    )


def deblur(
    source: FoundBlur,
    photos: Sequence[Path],
    export: ExportSettings,
    *,
    save_mask: bool = False,
    kernels_sheet: bool = False,
    results_so_far: list[PhotoResult] | None = None,
    sheets: list[Path] | None = None,
) -> Job[list[PhotoResult]]:
    """Find each photo's kernel, restore it, write it. One bad file does not stop the rest.

    A photo that does not tell its blur well enough is refused with the reason, unless the source
    says to restore it all the same. `sheets` gets the pictures of kernels, which are written beside
    restored photos where `kernels_sheet` says so.
    """
    settings, population = source.settings, source.population
    results = [] if results_so_far is None else results_so_far
    try:
        work = correct(
            source,
            photos,
            settings.restore,
            export,
            force=source.force,
            save_mask=save_mask,
            results_so_far=results,
            light=population.light or Light.LINEAR,
        )
        yield from work
    finally:
        # Also of a batch that was ended: what was written is told, and has its sheet.
        if kernels_sheet:
            written = _written_sheets(results, source.found)
            if sheets is not None:
                sheets.extend(written)
    return results


def _written_sheets(results: Sequence[PhotoResult], found: dict[Path, FoundKernels]) -> list[Path]:
    from lenscal.deblur.sheet import sheet_png
    from lenscal.system.atomic import written_whole

    paths: list[Path] = []
    for result in results:
        if result.output is None or result.source not in found:
            continue
        # Whatever was there under that name stays.
        wanted = result.output.with_name(f"{result.output.stem}_kernels.png")
        path = free_path(wanted, set(paths)) if wanted.exists() else wanted
        with written_whole(path, fresh=True) as temporary:
            temporary.write_bytes(sheet_png(found[result.source]))
        paths.append(path)
    return paths


def add_prior(population: Population, steps: int) -> Job[Population]:
    """The population with a kernel prior, which sampling asks for."""
    import time

    from lenscal.deblur.kernel_prior import with_prior

    began = time.monotonic()
    prior, _ = yield from follow(trained_prior(population, steps), 0.0, 1.0)
    return with_prior(population, prior, steps=steps, seconds=time.monotonic() - began)
