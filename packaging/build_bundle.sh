#!/usr/bin/env bash
# Builds a self-contained program: build/bundle/lenscal, which needs no Python. On Debian and Ubuntu a
# package of it, too. packaging/build_bundle.sh [--smoke]: with --smoke both are tried afterwards.
#
# PYTHON              the Python to build with (default: python3; 3.11 or later)
# TORCH_INDEX_URL     where torch's CPU build comes from, e.g. https://download.pytorch.org/whl/cpu (default: pip's own sources)
set -euo pipefail
cd "$(dirname "$0")/.."

work=$PWD/build/bundle
rm -rf "$work"
mkdir -p "$work"
"${PYTHON:-python3}" -m venv "$work/venv"
bin=$work/venv/bin
[ -d "$bin" ] || bin=$work/venv/Scripts
"$bin/python" -m pip install --quiet ${TORCH_INDEX_URL:+--index-url "$TORCH_INDEX_URL"} torch==2.13.0
"$bin/python" -m pip install --quiet --require-hashes -r packaging/requirements.lock
"$bin/python" -m pip install --quiet --require-hashes -r packaging/requirements-bundle.lock
# Installed, not editable: the bundle holds what users get.
"$bin/python" -m pip install --quiet --no-deps .
# Not in the checkout, whose own lenscal would be taken.
spec=$PWD/packaging/bundle/lenscal.spec
(cd "$work" && "$bin/python" -m PyInstaller --noconfirm --log-level WARN --distpath dist --workpath parts "$spec")
mv "$work/dist/lenscal" "$work/lenscal"
if [ "$(uname)" = Linux ]; then
    ln -s lenscal "$work/lenscal/lenscal-window"
    # Symbols for debuggers: 150 MB. (Libraries that wheels have moved into folders of their own, *.libs, bear no stripping.)
    inside=$work/lenscal/_internal
    strip --strip-unneeded "$inside"/torch/lib/libtorch_{cpu,python}.so "$inside"/libpython3.*.so.1.0
    find "$inside"/{exiv2,scipy,imagecodecs,lensfunpy} -name '*.so' -exec strip --strip-unneeded {} +
fi
echo "bundle: $work/lenscal, $(du -sm "$work/lenscal" | cut -f1) MB"

if command -v dpkg-deb > /dev/null; then
    packaging/linux/make_deb.sh "$work/lenscal" "$work"
fi
if [ "${1:-}" = --smoke ]; then
    packaging/smoke_test.sh "$work"
fi
