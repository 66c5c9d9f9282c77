#!/usr/bin/env bash
# Installs the Debian packages named as arguments that this machine lacks; says nothing when there is nothing to do.
set -euo pipefail
missing=()
for package in "$@"; do
    case $(dpkg-query --show --showformat '${db:Status-Abbrev}' "$package" 2>/dev/null) in
        ii*) ;;
        *) missing+=("$package") ;;
    esac
done
[ ${#missing[@]} -gt 0 ] || exit 0
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
echo "packages: installing ${missing[*]}"
sudo=()
if [ "$(id -u)" != 0 ]; then
    sudo=(sudo -n)
    "${sudo[@]}" true 2>/dev/null || { echo "packages: not root and no sudo without password. Run: apt-get install ${missing[*]}" >&2; exit 1; }
fi
export DEBIAN_FRONTEND=noninteractive
"${sudo[@]}" apt-get update --quiet --quiet
"${sudo[@]}" apt-get install --quiet --quiet --yes --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}" >/dev/null
