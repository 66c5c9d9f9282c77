#!/usr/bin/env bash
# The restore drill, cuts of a restore, shipping beside everything else; with LONG=1 each cut, and the faults of backups. A pair and an object store of their own.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LAB_NAME=${LAB_NAME:-backup} LAB_NET=${LAB_NET:-198.18.12.0/24}
trap 'lab/lab down' EXIT
lab/lab up --hosts db1,db2,store1
tests="tests/mysql_backup/test_drill.py tests/mysql_backup/test_cuts.py tests/mysql_backup/test_overlap.py"
[ -z "${LONG:-}" ] || tests=tests/mysql_backup
# shellcheck disable=SC2086
python -m pytest $tests --lab ".lab-$LAB_NAME" -q -p no:cacheprovider
