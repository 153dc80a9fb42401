#!/usr/bin/env bash
# Tries what build_bundle.sh has built, as a user without Python has it: packaging/smoke_test.sh BUILD
# The package is unpacked into a clean folder (or, where there is none, the bundle is taken), then: versions, a small demo
# from photos to a profile, a corrected photo, and a window on a screen of its own whose picture is kept.
set -euo pipefail
build=$(cd "$1" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

package=$(find "$build" -maxdepth 1 -name 'lenscal_*.deb' | head -1)
if [ -n "$package" ]; then
    dpkg-deb -x "$package" "$scratch/root"
    program=$scratch/root/opt/lenscal
    for link in lenscal lenscal-window; do
        [ "$(readlink "$scratch/root/usr/bin/$link")" = "/opt/lenscal/$link" ]
    done
    if command -v desktop-file-validate > /dev/null; then
        desktop-file-validate "$scratch/root/usr/share/applications/lenscal.desktop"
    fi
    if command -v appstreamcli > /dev/null; then
        appstreamcli validate --no-net "$scratch/root/usr/share/metainfo/io.github.lenscal.lenscal.metainfo.xml"
    fi
else
    program=$build/lenscal
fi

# Neither Python nor the checkout can be found from here; a home of its own holds what the program keeps.
clean=(env -i "PATH=$scratch/bin" "HOME=$scratch/home" LANG=C.UTF-8)
mkdir -p "$scratch/bin" "$scratch/home"
cd "$scratch"
"${clean[@]}" "$program/lenscal" --version
begin=$(date +%s%N)
"${clean[@]}" "$program/lenscal" --help > /dev/null
echo "--help: $((($(date +%s%N) - begin) / 1000000)) ms"

"${clean[@]}" "$program/lenscal" demo --out demo --quality quick --size 600x400 --photos 4 --max-minutes 2 --quiet
"${clean[@]}" "$program/lenscal" info demo/demo.lenscal > /dev/null
photo=$(find demo -name '*.dng' -path '*degraded*' | sort | head -1)
"${clean[@]}" "$program/lenscal" correct demo/demo.lenscal "$photo" --out corrected --quiet
[ -n "$(find corrected -name '*.tif' -size +100k)" ]
"${clean[@]}" "$program/lenscal" licences > licences.txt
grep -q torch licences.txt

if command -v xvfb-run > /dev/null; then
    begin=$(date +%s%N)
    # The window walks through its steps by itself, and closes.
    xvfb-run -a -s "-screen 0 1400x1000x24" bash -c '
        env -i "PATH=$1/bin" "HOME=$1/home" LANG=C.UTF-8 "DISPLAY=$DISPLAY" "XAUTHORITY=$XAUTHORITY" \
            "$2/lenscal" gui --grab "$1/grabs"' smoke "$scratch" "$program"
    [ "$(find grabs -name '*.png' | wc -l)" -ge 6 ]
    echo "window: $((($(date +%s%N) - begin) / 1000000)) ms for all steps"
    mkdir -p "$build/grabs"
    cp grabs/*.png "$build/grabs/"
fi
echo "smoke test passed"
