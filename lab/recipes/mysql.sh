#!/bin/bash
# Builds, from Debian packages only, a relocatable MySQL tree + tarball laid out like Oracle's
# mysql-<version>-linux-glibc2.28-x86_64-minimal.tar.xz.
# Re-runnable; touches nothing outside $WORK; needs: apt, dpkg-deb, python3, readelf, xz (zstd optional).
#   PREFIX  final path baked in as ELF interpreter (change later with <tree>/bin/relocate)
#   KEEP_DEBS=1  do not ask the mirror again if $WORK/debs is already filled
set -euo pipefail
WORK=${WORK:-$PWD/mysql-build}
SUITE=${SUITE:-sid}
COMPRESS=${COMPRESS:-xz}            # xz | zstd | both
XZ_LEVEL=${XZ_LEVEL:--1}
mkdir -p "$WORK"; cd "$WORK"
t0=$(date +%s.%N); lap(){ printf '%7.1fs  %s\n' "$(python3 -c "import time;print(time.time()-$t0)")" "$*" >&2; }

# ---- 1. a private apt root for sid: own lists, own (empty) dpkg status, own caches -----------------
mkdir -p apt/lists/partial apt/archives/partial apt/parts debs
: > apt/status
MIRROR=$(awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/debian.sources)
KEYRING=$(awk '/^Signed-By:/{print $2; exit}' /etc/apt/sources.list.d/debian.sources)
echo "deb [signed-by=$KEYRING] $MIRROR $SUITE main" > apt/$SUITE.list
APTO=(-o Dir::Etc::sourcelist="$WORK/apt/$SUITE.list" -o Dir::Etc::sourceparts="$WORK/apt/parts"
  -o Dir::State::lists="$WORK/apt/lists" -o Dir::State::status="$WORK/apt/status"
  -o Dir::Cache::archives="$WORK/apt/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
  -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts="$WORK/apt/parts"
  -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o APT::Sandbox::User=root)
if [ -z "${KEEP_DEBS:-}" ] || ! ls debs/mysql-server-core_*.deb >/dev/null 2>&1; then
  apt-get "${APTO[@]}" -qq update
  PK=$(apt-get "${APTO[@]}" -s --no-install-recommends install mysql-server-core mysql-client-core \
     | awk '/^Inst/{print $2}' | grep -Ev '^(perl|perl-.*|libperl.*|libdb5.*|libgdbm.*|gcc-.*-base|.*-common|libsasl2-modules-db|libc-gconv-.*)$')
  rm -f debs/*.deb
  (cd debs && apt-get "${APTO[@]}" -qq download $PK)          # ~50 packages, 53 MB
fi
if [ ! -x pe/usr/bin/patchelf ]; then                          # patchelf of the machine's own release, not installed
  mkdir -p pe; (cd pe && apt-get -qq -o APT::Sandbox::User=root download patchelf && dpkg-deb -x patchelf_*.deb .)
fi
PATCHELF=$WORK/pe/usr/bin/patchelf
lap "downloaded"

# ---- 2. unpack into a stage ------------------------------------------------------------------------
rm -rf stage; mkdir stage
for d in debs/*.deb; do dpkg-deb -x "$d" stage; done
VER=$(dpkg-deb -f debs/mysql-server-core_*.deb Version); VER=${VER%%-*}; VER=${VER#*:}
[ "$VER" = "${EXPECT:-$VER}" ] || { echo "the distribution has MySQL $VER, the lab's inventory says mysql_version $EXPECT: change inventories/lab/group_vars/all/versions.yml" >&2; exit 1; }
NAME=${NAME:-mysql-$VER-lab-linux-x86_64}
PREFIX=${PREFIX:-/opt/onprem-wandb/mysql/$VER}
T=$WORK/out/$NAME
rm -rf "$T"; mkdir -p "$T"/{bin,lib/plugin,lib/private,lib/mysql,share,docs}
lap "unpacked $VER"

# ---- 3. lay out the tree ---------------------------------------------------------------------------
# the last two rules (ln -s): Debian's build has PLUGINDIR=/usr/lib/mysql/plugin, SHAREDIR=/usr/share/mysql; mysqld
# makes both relative to basedir, so these links let it find all with no setting at all.
cp -a stage/usr/sbin/mysqld stage/usr/bin/* "$T/bin/"
rm -f "$T"/bin/{mysqlanalyze,mysqloptimize,mysqlrepair,mysqlslap,myisam_ftdump,myisamlog,myisampack,mysqld_safe,mysqld_multi,mysqldumpslow}
find "$T/bin" -type f | while read -r f; do head -c4 "$f" | grep -q ELF || rm -f "$f"; done     # perl/shell helpers of other packages
cp -a stage/usr/lib/mysql/plugin/*.so "$T/lib/plugin/"
cp -a stage/usr/share/mysql/. "$T/share/"
cp stage/usr/share/doc/mysql-server-core/copyright "$T/LICENSE"
ln -s ../plugin "$T/lib/mysql/plugin"
ln -s . "$T/share/mysql"
# shared libraries: closure of DT_NEEDED over bin/* and lib/plugin/*.so, taken from the stage only
python3 - "$T" "$WORK/stage" <<'PY'
import os, re, shutil, subprocess, sys, glob
tree, stage = sys.argv[1:]
dirs = [f"{stage}/{d}" for d in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib64", "lib64", "usr/lib", "lib")]
def needed(f):
    o = subprocess.run(["readelf", "-dW", f], capture_output=True, text=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", o), re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.+)\]", o)
todo = [f for f in glob.glob(tree + "/bin/*") + glob.glob(tree + "/lib/plugin/*.so")]
have, missing = set(), set()
# dlopen'ed, hence never in DT_NEEDED: NSS modules still shipped as files, libgcc for pthread_cancel/backtrace
extra = ["libnss_compat.so.2", "libresolv.so.2", "libgcc_s.so.1", "libnss_files.so.2", "libnss_dns.so.2", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libm.so.6"]
def take(n, must=True):
    if n in have: return
    for d in dirs:
        p = f"{d}/{n}"
        if os.path.exists(p):
            p = os.path.realpath(p)
            q = f"{tree}/lib/private/{n}"; shutil.copy2(p, q); os.chmod(q, 0o755)
            have.add(n); todo.append(q); return
    if must: missing.add(n)
for n in extra: take(n, must=False)
while todo:
    f = todo.pop()
    ns, rp = needed(f)
    if rp: print("note: has rpath", f, rp, file=sys.stderr)
    for n in ns: take(n)
take("ld-linux-x86-64.so.2")
print(len(have), "private libraries", "MISSING " + " ".join(sorted(missing)) if missing else "", file=sys.stderr)
sys.exit(1 if missing else 0)
PY
lap "laid out"

# ---- 4. patch: interpreter (padded with slashes to 200 characters so that bin/relocate can rewrite it in place)
LD=lib/private/ld-linux-x86-64.so.2
INTERP=$(python3 -c "import sys;p,l=sys.argv[1:];print(p+'/'*(200-len(p)-len(l))+l)" "$PREFIX" "$LD")
for f in "$T"/bin/*; do
  [ -L "$f" ] && continue
  "$PATCHELF" --set-interpreter "$INTERP" --force-rpath --set-rpath '$ORIGIN/../lib/private' "$f"
done
for f in "$T"/lib/plugin/*.so; do "$PATCHELF" --force-rpath --set-rpath '$ORIGIN/../private' "$f"; done
# private libraries, libc.so.6 and ld-linux stay untouched: DT_RPATH (not RUNPATH) of the program covers them.
cat > "$T/bin/relocate" <<'PY'
#!/usr/bin/python3
"""relocate [new-prefix]: points every program of this tree at <new-prefix>/lib/private/ld-linux-x86-64.so.2
(default: the folder the tree lies in). In place, same size, no patchelf needed."""
import os, struct, sys
here = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
prefix = (sys.argv[1] if len(sys.argv) > 1 else here).rstrip("/")
tail = "lib/private/ld-linux-x86-64.so.2"
for n in sorted(os.listdir(here + "/bin")):
    p = here + "/bin/" + n
    if os.path.islink(p): continue
    with open(p, "r+b") as f:
        h = f.read(64)
        if h[:4] != b"\x7fELF": continue
        phoff, = struct.unpack_from("<Q", h, 32); phsz, phn = struct.unpack_from("<HH", h, 54)
        f.seek(phoff); ph = f.read(phsz * phn)
        for i in range(phn):
            typ, _, off, _, _, size = struct.unpack_from("<IIQQQQ", ph, i * phsz)
            if typ == 3:
                pad = size - 1 - len(prefix) - len(tail)
                if pad < 1: sys.exit("prefix too long")
                f.seek(off); f.write((prefix + "/" * pad + tail).encode() + b"\0")
PY
chmod 755 "$T/bin/relocate"
( cd debs && ls *.deb ) > "$T/docs/PACKAGES"
echo "$PREFIX" > "$T/docs/PREFIX"
lap "patched"

# ---- 5. tarball ------------------------------------------------------------------------------------
cd "$WORK/out"
TAR=(tar --sort=name --owner=0 --group=0 --numeric-owner "--mtime=@${SOURCE_DATE_EPOCH:-1700000000}" -cf -)
if [ "$COMPRESS" != zstd ]; then "${TAR[@]}" "$NAME" | xz -T0 "$XZ_LEVEL" > "$NAME.tar.xz"; lap "xz $(stat -c%s "$NAME.tar.xz")"; fi
if [ "$COMPRESS" != xz ]; then "${TAR[@]}" "$NAME" | zstd -q -T0 -10 -f -o "$NAME.tar.zst"; lap "zstd -10 $(stat -c%s "$NAME.tar.zst")"; fi
du -sm "$NAME" >&2
