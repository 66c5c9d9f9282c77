#!/usr/bin/env bash
# Installs the data tier with -vvv and --diff and looks for every generated secret in all that was printed, logged, cached, or a command line.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LAB_NAME=${LAB_NAME:-secrets} LAB_NET=${LAB_NET:-198.18.47.0/24}
trap 'lab/lab down' EXIT
lab/lab up --hosts store1,db1,db2
python -m pytest tests/secrets --lab ".lab-$LAB_NAME" -q -p no:cacheprovider
