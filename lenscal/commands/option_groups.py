"""How options are declared, and those that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeAlias

from lenscal import __version__
from lenscal.calibration.settings import (
    DEFAULTS,
    GRID_SIDES,
    KERNEL_PX,
    Family,
    KernelModel,
    Method,
    Stages,
)
from lenscal.errors import InputError
from lenscal.raw.pictures.kinds import Light
from lenscal.system.device import AUTO, DEVICES
from lenscal.system.streams.standard_streams import write_out
from lenscal.translation import translatable

_MOST_DIGITS = 6
"""Of a number of rows, columns or pixels."""

Commands: TypeAlias = "argparse._SubParsersAction[CommandParser]"
"""What `add_subparsers` returns, for which argparse has no public name."""


class VersionAction(argparse.Action):
    """--version: the program, on a line of its own for scripts, then what a bug report needs."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        from lenscal.jobs.licences import versions
        from lenscal.system.device import device_in_words, pick_device

        device = pick_device(AUTO)
        facts = {**versions(), "device": f"{device.type} ({device_in_words(device)})"}
        lines = [f"lenscal {__version__}", *(f"{name}: {value}" for name, value in facts.items())]
        write_out("".join(f"{line}\n" for line in lines))
        parser.exit()


class CommandParser(argparse.ArgumentParser):
    """A parser whose options may stand between files: without it `correct --out DIR PHOTO` has no
    photos where the profile may be left out."""

    _intermixed = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's."""
        if self._intermixed:
            return super().parse_known_args(args, namespace)
        self._intermixed = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._intermixed = False


def add_seed(group: argparse._ActionsContainer, default: int, words: str) -> None:
    """--seed, with what it decides."""
    group.add_argument(
        "--seed", type=int, default=default, metavar="N", help=f"{words} (default: {default})"
    )


def add_prior(group: argparse._ActionsContainer, methods: str) -> None:
    """--prior, with the methods that it is for."""
    # A path as text: it becomes part of the settings, which are plain values.
    group.add_argument(
        "--prior",
        metavar="FILE",
        help=f"other weights for {methods}: ours, FFDNet's, DRUNet's",
    )


def pair(text: str, option: str) -> tuple[int, int]:
    """ "8x8" to (8, 8).

    Raises
    ------
    InputError
        It is not two numbers with an x in between.
    """
    # Who copies a size from a text gets the sign of multiplication.
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) != 2 or not all(_is_number(part.strip()) for part in parts):
        raise InputError(
            translatable(
                "{option} {text}: give two numbers with an x in between, e.g. 8x8",
                option=option,
                text=text,
            )
        )
    return int(parts[0]), int(parts[1])


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) <= _MOST_DIGITS


def paired(numbers: tuple[int, int]) -> str:
    """The opposite of `pair`."""
    return f"{numbers[0]}x{numbers[1]}"


def default_of(settings: type[Any], name: str) -> Any:
    """The default of a field of a dataclass."""
    return next(field.default for field in fields(settings) if field.name == name)


def new_command(
    commands: Commands,
    name: str,
    summary: str,
    example: str,
    *parents: argparse.ArgumentParser,
) -> argparse.ArgumentParser:
    """A command with its help."""
    return commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"example:\n  {example}",
        parents=parents,  # type: ignore[arg-type]
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_choice(
    group: argparse._ActionsContainer,
    option: str,
    choices: Iterable[Any],
    default: Any,
    summary: str = "",
    *,
    otherwise: str = "",
) -> None:
    """An option that takes one of a few values, and says its default.

    otherwise : where the default does not hold; it is then None here, to tell who chose it
    """
    # Enums and plain values alike.
    values = [getattr(choice, "value", choice) for choice in choices]
    value = getattr(default, "value", default)
    group.add_argument(
        option,
        choices=values,
        type=type(values[0]),
        default=None if otherwise else value,
        help=f"{summary} (default: {f'{value}; {otherwise}' if otherwise else value})".strip(),
    )


def add_device(group: argparse._ActionsContainer) -> None:
    """Where to compute."""
    add_choice(group, "--device", DEVICES, AUTO, "where to compute")


def output_options() -> argparse.ArgumentParser:
    """What a command prints."""
    # A parent parser: with a help of its own it would clash with the command's.
    options = argparse.ArgumentParser(add_help=False)
    group = options.add_argument_group("what is printed")
    group.add_argument(
        "--json", action="store_true", help="print one JSON object on standard output, nothing else"
    )
    group.add_argument("--quiet", action="store_true", help="no progress")
    group.add_argument(
        "--verbose", action="store_true", help="progress with all figures; tracebacks"
    )
    return options


def calibration_options() -> argparse.ArgumentParser:
    """What decides about a calibration, but for its quality, whose default differs."""
    options = argparse.ArgumentParser(add_help=False)
    group = options.add_argument_group("how to calibrate")
    add_device(group)
    grid = paired(DEFAULTS.grid)
    group.add_argument(
        "--grid",
        default=grid,
        metavar=grid,
        help=f"rows x columns of kernels, {GRID_SIDES[0]} to {GRID_SIDES[-1]} (default: {grid})",
    )
    group.add_argument(
        "--kernel-size",
        type=int,
        default=DEFAULTS.kernel_size,
        metavar="PX",
        help=f"odd; side of a kernel (default: {KERNEL_PX}, more where blur is wider)",
    )
    add_seed(group, DEFAULTS.seed, "equal seeds give equal results")
    group.add_argument(
        "--max-minutes",
        type=float,
        default=DEFAULTS.max_minutes,
        metavar="M",
        help=("stop after this time and keep what was reached; --resume starts counting again"),
    )
    add_choice(
        group,
        "--method",
        Method,
        Method.AUTO,
        "auto: what the photos allow; flow: flow matching and distribution matching (Meanti et al. "
        "2025), the photos taken as unrelated; with --stages GTFM begun from closed-form stages",
    )
    add_choice(
        group,
        "--family",
        Family,
        DEFAULTS.family,
        "kernels that flow matching finds: free taps; rays (a lens's aberrations); tilts (a start, "
        "moved and widened smoothly); linear (a linear network, with --kernel uniform)",
    )
    add_choice(group, "--stages", Stages, DEFAULTS.stages, "which stages run, for measuring")
    return options


def add_photo_folders(command: argparse.ArgumentParser) -> None:
    """The two folders, and what their photos do not say."""
    command.add_argument(
        "sharp",
        type=Path,
        metavar="SHARP",
        help="folder of RAW photos (or pictures) at the good aperture",
    )
    command.add_argument(
        "degraded",
        type=Path,
        metavar="DEGRADED",
        help="folder of RAW photos (or pictures) at the one to correct",
    )
    command.add_argument(
        "--keep-all",
        action="store_true",
        help=("also use photos that look flat, clipped, shaken ..."),
    )
    add_choice(
        command,
        "--kernel",
        KernelModel,
        DEFAULTS.kernel,
        "grid: a lens's blur, which changes over the photo; uniform: one blur for all of it (hand, "
        "focus, a scanner), from pictures of any sizes and cameras",
    )
    group = command.add_argument_group(
        "what the photos do not say (manual lenses), or which to choose"
    )
    group.add_argument(
        "--aperture-sharp", type=float, metavar="F", help="f-number of the sharp photos"
    )
    group.add_argument(
        "--aperture-degraded", type=float, metavar="F", help="f-number of the degraded photos"
    )
    add_light(command, Light.LINEAR)
    # One lens for both folders: two would be refused anyway.
    group.add_argument("--lens", metavar="NAME", help="name of the lens")
    group.add_argument("--focal", type=float, metavar="MM", help="focal length")


def add_light(group: argparse._ActionsContainer, default: Light | None) -> None:
    """What the values of pictures mean."""
    said = "as for the profile" if default is None else default.value
    group.add_argument(
        "--light",
        choices=[light.value for light in Light],
        default=None if default is None else default.value,
        help="values of pictures (PNG, JPEG, TIFF): linear decodes them by their ICC profile or "
        f"sRGB's curve, stored takes them as they are (default: {said})",
    )


def add_private(group: argparse._ActionsContainer, without: str) -> None:
    """What is left out of files that are given away."""
    group.add_argument("--private", action="store_true", help=f"leave out {without}")


def add_virtual_photos(group: argparse._ActionsContainer) -> None:
    """How many photos of the virtual lens are taken, and how large."""
    from lenscal.virtual.limits import DEFAULT_N_PHOTOS, DEFAULT_SIZE_PX

    group.add_argument(
        "--photos",
        type=int,
        metavar="N",
        help=f"photos in each folder (default: {DEFAULT_N_PHOTOS})",
    )
    # Users write width first, as cameras and programs do; arrays have height first.
    height, width = DEFAULT_SIZE_PX
    size = paired((width, height))
    group.add_argument(
        "--size", metavar=size, help=f"width x height of the photos, px (default: {size})"
    )


def virtual_photos(
    args: argparse.Namespace,
    default_photos: int | None = None,
    default_size: tuple[int, int] | None = None,
    allowed: range | None = None,
) -> tuple[int, tuple[int, int]]:
    """The number of photos and their (height, width) in px, as `add_virtual_photos` asks for them;
    defaults and numbers of photos are those of a lens where none are given.

    Raises
    ------
    InputError
        Too few or too many, or no size.
    """
    from lenscal.virtual.limits import (
        DEFAULT_N_PHOTOS,
        DEFAULT_SIZE_PX,
        LARGEST_SIDE_PX,
        N_PHOTOS,
    )

    photos = args.photos
    if photos is None:
        photos = DEFAULT_N_PHOTOS if default_photos is None else default_photos
    numbers = N_PHOTOS if allowed is None else allowed
    # Checked here: argparse would list every single number there is to choose from.
    if photos not in numbers:
        raise InputError(
            translatable(
                "--photos {photos}: choose {least} to {most}",
                photos=photos,
                least=numbers[0],
                most=numbers[-1],
            )
        )
    if args.size is None:
        return photos, default_size or DEFAULT_SIZE_PX
    width, height = pair(args.size, "--size")
    if max(width, height) > LARGEST_SIDE_PX:
        raise InputError(
            translatable(
                "--size {size}: choose at most {most} px", size=args.size, most=LARGEST_SIDE_PX
            )
        )
    return photos, (height, width)
