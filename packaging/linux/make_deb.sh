#!/usr/bin/env bash
# Makes a Debian package of a bundle: packaging/linux/make_deb.sh BUNDLE OUT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bundle=$1 out=$2
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$here/../../pyproject.toml")
architecture=$(dpkg --print-architecture)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
# dpkg takes the folder's own rights into the package.
chmod 755 "$root"

share=$root/usr/share
install -d "$root/opt" "$root/usr/bin" "$root/DEBIAN"
cp -a "$bundle" "$root/opt/lenscal"
ln -s /opt/lenscal/lenscal "$root/usr/bin/lenscal"
ln -s /opt/lenscal/lenscal-window "$root/usr/bin/lenscal-window"
install -Dm644 "$here/lenscal.desktop" "$share/applications/lenscal.desktop"
install -Dm644 "$here/lenscal-mime.xml" "$share/mime/packages/lenscal.xml"
install -Dm644 "$here/lenscal.svg" "$share/icons/hicolor/scalable/apps/lenscal.svg"
install -Dm644 "$here/io.github.lenscal.lenscal.metainfo.xml" "$share/metainfo/io.github.lenscal.lenscal.metainfo.xml"
install -Dm644 "$here/../../LICENSE" "$share/doc/lenscal/copyright"

# What Qt leaves to the system: the same list that the program itself checks before it opens a window.
depends=$(PYTHONPATH="$here/../.." python3 - << 'PY'
from lenscal.system.display import DEBIAN_PACKAGES

# Debian 13 and Ubuntu 24.04 have renamed this one.
renamed = {"libglib2.0-0": "libglib2.0-0 | libglib2.0-0t64"}
print(", ".join(["libc6", "fonts-dejavu-core"] + [renamed.get(p, p) for p in sorted(set(DEBIAN_PACKAGES.values()))]))
PY
)
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@DEPENDS@/$depends/" \
    -e "s/@SIZE_KB@/$(du -sk "$root" | cut -f1)/" "$here/control" > "$root/DEBIAN/control"
package=$out/lenscal_${version}_$architecture.deb
# The quickest level: the best takes minutes for a tenth less. (dpkg of Debian 11 knows no zstd.)
dpkg-deb --root-owner-group -Zxz -z1 --build "$root" "$package" > /dev/null
echo "package: $package, $(du -m "$package" | cut -f1) MB"
