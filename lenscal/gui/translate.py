"""What the layers below say, in the window's language, with its own fields instead of the command
line's options."""

from __future__ import annotations

import re

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from lenscal.translation import message_of, translate_text

_CONTEXT = "Fields"
FIELDS = {
    "--aperture-sharp": QT_TRANSLATE_NOOP("Fields", "“Aperture” of the sharp photos"),
    "--aperture-degraded": QT_TRANSLATE_NOOP("Fields", "“Aperture” of the photos to correct"),
    "--lens": QT_TRANSLATE_NOOP("Fields", "“Lens” in step 1"),
    "--focal": QT_TRANSLATE_NOOP("Fields", "“Focal length” in step 1"),
    "--grid": QT_TRANSLATE_NOOP("Fields", "“Grid”"),
    "--kernel-size": QT_TRANSLATE_NOOP("Fields", "“Kernel”"),
    "--max-minutes": QT_TRANSLATE_NOOP("Fields", "“Time limit”"),
    "--device": QT_TRANSLATE_NOOP("Fields", "“Device”"),
    "--resume": QT_TRANSLATE_NOOP("Fields", "“Continue”"),
    "--seed": QT_TRANSLATE_NOOP("Fields", "“Seed”"),
    "--stages": QT_TRANSLATE_NOOP("Fields", "“Method”"),
    "--method": QT_TRANSLATE_NOOP("Fields", "the method in step 5"),
    "--out": QT_TRANSLATE_NOOP("Fields", "“Folder”"),
    "--template": QT_TRANSLATE_NOOP("Fields", "“File name”"),
    "--on-conflict": QT_TRANSLATE_NOOP("Fields", "“If it exists”:"),
    "--format": QT_TRANSLATE_NOOP("Fields", "“Format”"),
    "--space": QT_TRANSLATE_NOOP("Fields", "“Colour space”"),
    "--amount": QT_TRANSLATE_NOOP("Fields", "“Amount”"),
    "--force": QT_TRANSLATE_NOOP("Fields", "“Also photos that do not fit the profile”"),
    "--denoise": QT_TRANSLATE_NOOP("Fields", "“Noise reduction”"),
}
_OPTION = re.compile(r"--[a-z]+(?:-[a-z]+)*")


def in_the_windows_words(text: str) -> str:
    """The message in this language, with every option that has a field here named as that field."""

    def field_of(match: re.Match[str]) -> str:
        words = FIELDS.get(match.group())
        # An option without a field is still better named than left out.
        return match.group() if words is None else QCoreApplication.translate(_CONTEXT, str(words))

    return _OPTION.sub(field_of, in_this_language(text))


def in_this_language(text: str) -> str:
    """What was made by `translatable`, as the installed translators know it (context
    "Translatable")."""
    return translate_text(
        text, lambda template: QCoreApplication.translate("Translatable", template)
    )


def error_in_words(error: BaseException) -> str:
    """An error's message in this language."""
    return in_this_language(message_of(error))
