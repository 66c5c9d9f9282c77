#!/usr/bin/env bash
# Installs, changes and resets the data tier with -vvv and --diff, looks for every secret in all that was printed, logged, cached, or a command line, and at the
# end for every path that was left on the hosts.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LAB_NAME=${LAB_NAME:-secrets} LAB_NET=${LAB_NET:-198.18.47.0/24}
trap 'lab/lab down' EXIT
lab/lab up --hosts store1,db1,db2
python -m pytest tests/secrets --lab ".lab-$LAB_NAME" -q -p no:cacheprovider
