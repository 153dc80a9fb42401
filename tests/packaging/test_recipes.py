"""The recipes of bundle and package agree with the project and with each other."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
import xml.etree.ElementTree as ET
from configparser import ConfigParser
from pathlib import Path

import pytest

from lenscal import __version__
from lenscal.system.display import DEBIAN_PACKAGES

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
METAINFO = PACKAGING / "linux" / "io.github.lenscal.lenscal.metainfo.xml"


def desktop_entry() -> dict[str, str]:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(PACKAGING / "linux" / "lenscal.desktop", encoding="utf-8")
    return dict(parser["Desktop Entry"])


def test_every_recipe_is_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    release = ET.parse(METAINFO).find("releases/release")
    installer = (PACKAGING / "windows" / "lenscal.iss").read_text(encoding="utf-8")
    assert release is not None
    assert project["version"] == __version__ == release.get("version")
    assert f'#define Version "{__version__}"' in installer


def test_file_types_are_the_same_everywhere() -> None:
    types = ET.parse(PACKAGING / "linux" / "lenscal-mime.xml").getroot()
    spaced = "{http://www.freedesktop.org/standards/shared-mime-info}"
    declared = {element.get("type") for element in types.iter(f"{spaced}mime-type")}
    patterns = {element.get("pattern") for element in types.iter(f"{spaced}glob")}
    opened = {name for name in desktop_entry()["MimeType"].split(";") if name}
    provided = {element.text for element in ET.parse(METAINFO).iter("mediatype")}
    assert declared == opened == provided
    installer = (PACKAGING / "windows" / "lenscal.iss").read_text(encoding="utf-8")
    for pattern in patterns:
        assert f'Classes\\{str(pattern)[1:]}"' in installer


def test_the_desktop_starts_what_the_package_installs() -> None:
    entry, script = desktop_entry(), (PACKAGING / "linux" / "make_deb.sh").read_text("utf-8")
    program = entry["Exec"].split()[0]
    assert f"usr/bin/{program}" in script and f"apps/{entry['Icon']}.svg" in script
    assert (PACKAGING / "linux" / f"{entry['Icon']}.svg").is_file()
    binaries = {element.text for element in ET.parse(METAINFO).iter("binary")}
    assert program in binaries


def test_readme_asks_for_the_packages_that_the_program_checks() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    asked = set(re.findall(r"lib[a-z0-9.+-]+", readme))
    # What every Debian with a graphical program has.
    always = {"libx11-6", "libxcb1", "libfreetype6", "libxcb-util1"}
    assert set(DEBIAN_PACKAGES.values()) - always <= asked


@pytest.mark.skipif(shutil.which("appstreamcli") is None, reason="appstreamcli is not installed")
def test_software_centres_take_the_metadata() -> None:
    command = ["appstreamcli", "validate", "--no-net", str(METAINFO)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize("script", ["build_bundle.sh", "smoke_test.sh", "linux/make_deb.sh"])
def test_scripts_can_be_read(script: str) -> None:
    path = PACKAGING / script
    assert subprocess.run(["bash", "-n", str(path)], timeout=30).returncode == 0
    # They stand in the repository as programs.
    assert path.stat().st_mode & 0o111
