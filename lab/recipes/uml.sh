#!/usr/bin/env bash
# User-mode Linux out of Debian's package of kernel source.  uml.sh SOURCE.deb OUTDIR : OUTDIR/linux, OUTDIR/lib/modules
# Needs: gcc, make, bc, flex, bison, kmod, xz-utils.
set -euo pipefail
deb=$(realpath "$1") out=$(realpath "$2") here=$(cd "$(dirname "$0")/../uml" && pwd)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
dpkg-deb -x "$deb" "$work/deb"
tar -xf "$work"/deb/usr/src/linux-source-*.tar.xz -C "$work" --strip-components=1
rm -rf "$work/deb"
cd "$work"
cat "$here"/*.patch | patch -s -p1
export ARCH=um
make -s x86_64_defconfig
scripts/kconfig/merge_config.sh -m .config "$here/kernel.config" >/dev/null
make -s olddefconfig
# kconfig leaves out in silence what it does not know, or what lacks another option.
missing=$(grep '^CONFIG_.*=[ym]$' "$here/kernel.config" | grep -vxFf .config || true)
[ -z "$missing" ] || { echo "this kernel has no $missing: look for the option's new name and correct lab/uml/kernel.config" >&2; exit 1; }
nice -n 10 make -s -j"$(nproc)" linux modules
strip -o "$out/linux" linux
make -s INSTALL_MOD_PATH="$out" INSTALL_MOD_STRIP=1 modules_install
rm -f "$out"/lib/modules/*/build "$out"/lib/modules/*/source
