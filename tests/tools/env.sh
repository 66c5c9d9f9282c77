#!/usr/bin/env bash
# Creates or updates one virtual environment:  env.sh <directory> <requirements file>...
# Does nothing (some milliseconds) while the Python and the requirement files are the same.
set -euo pipefail
venv=$1; shift
cache=${ONPREM_WANDB_CACHE:-$HOME/.cache/onprem-wandb}
top=$(cd "$(dirname "$0")/../.." && pwd)
constraints=$top/requirements/constraints.txt

find_python() {
    # The newest Python that every supported ansible-core runs on; pyenv's shims exist for versions that do not start, so each is tried.
    local candidate
    for candidate in "${PYTHON:-}" \
        $(ls -d "$HOME"/.pyenv/versions/3.13.*/bin/python3 2>/dev/null | sort -V -r) python3.13 \
        $(ls -d "$HOME"/.pyenv/versions/3.12.*/bin/python3 2>/dev/null | sort -V -r) python3.12 python3; do
        [ -n "$candidate" ] || continue
        "$candidate" -c 'import sys; sys.exit(not sys.version_info >= (3, 11)); import venv' 2>/dev/null || continue
        "$candidate" -c 'import sys; print(sys.executable)'
        return
    done
    echo "env: no Python >= 3.11 was found (looked for ~/.pyenv/versions/3.13 and 3.12, python3.13, python3.12, python3). Set PYTHON=/path/to/python3 and run make env again." >&2
    return 1
}

stamp=$(cat "$constraints" "$@" "$0" | sha256sum | cut -c1-32)
if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.stamp" 2>/dev/null)" = "$stamp" ]; then exit 0; fi

started=$SECONDS
uv=$cache/uvboot/bin/uv
if ! "$uv" --version >/dev/null 2>&1; then
    echo "env: installing uv into $cache/uvboot"
    rm -rf "$cache/uvboot"
    mkdir -p "$cache"
    python3 -m venv "$cache/uvboot"
    "$cache/uvboot/bin/python" -m pip install --quiet --requirement "$top/requirements/uv.txt"
fi
python=$(find_python)
least=$(sed -n 's/^# python >= \([0-9.]*\).*/\1/p' "$@" | sort -V | tail -n 1)
if [ -n "$least" ] && ! "$python" -c "import sys; sys.exit(sys.version_info < tuple(map(int, '$least'.split('.'))))"; then
    echo "env: $venv is left out: it needs Python >= $least, and the newest here is $("$python" --version). Set PYTHON=/path/to/python3 to use another one."
    rm -rf "$venv"
    exit 0
fi
echo "env: $venv with $("$python" --version)"
rm -f "$venv/.stamp"
mkdir -p "$(dirname "$venv")"
"$uv" venv --quiet --clear --python "$python" "$venv"
args=(--constraints "$constraints")
for file in "$@"; do args+=(--requirements "$file"); done
VIRTUAL_ENV=$venv "$uv" pip install --quiet "${args[@]}"
echo "$stamp" > "$venv/.stamp"
echo "env: $venv is ready ($((SECONDS - started)) s)"
