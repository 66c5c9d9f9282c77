#!/usr/bin/env bash
# Plants bad input on real hosts and reads preflight's report. A lab of its own, so that it can run beside another one.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LAB_NAME=${LAB_NAME:-preflight} LAB_NET=${LAB_NET:-198.18.11.0/24}
trap 'lab/lab down' EXIT
lab/lab up --hosts cp1,db1,db2
python -m pytest tests/preflight --lab ".lab-$LAB_NAME" -q -p no:cacheprovider
