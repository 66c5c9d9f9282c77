#!/bin/sh
# Prints every path of a Debian host that is no package's and not one that the system writes by itself: what somebody has put there.
# Two lists of one host, from before and after, tell what was left; no path has to be known.
set -eu
export LC_ALL=C
known=$(mktemp)
trap 'rm -f "$known"' EXIT
# Packages name /bin and /lib, which are links below /usr.
merged() { sed -E 's,^/(bin|sbin|lib|lib32|lib64)(/|$),/usr/\1\2,'; }
cat /var/lib/dpkg/info/*.list | merged | sort -u >"$known"
find / \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/tmp -o -path /var/cache -o -path /var/lib/apt -o -path /var/lib/dpkg \
    -o -path /var/lib/systemd -o -path /var/lib/ucf -o -path /etc/apparmor.d/local -o -path /root/.ansible -o -path /var/log/journal -o -name __pycache__ \) -prune -o -print |
    sort | comm -23 - "$known" |
    while IFS= read -r path; do
        case $path in
        *.wants) [ -d "$path" ] && continue ;;
        # A unit of a package that is enabled, or has an alias.
        /etc/systemd/system/*) [ -L "$path" ] && readlink "$path" | merged | grep --quiet --line-regexp --fixed-strings --file=- "$known" && continue ;;
        esac
        printf '%s\n' "$path"
    done
