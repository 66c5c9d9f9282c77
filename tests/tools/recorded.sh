#!/usr/bin/env bash
# The producers of what unit tests read, run again before real services on loopback: Redis, a MySQL pair with backups, an object store, W&B's API on paper.
# --record writes the files of tests/unit/recorded instead of comparing them. No lab host is needed.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/tools/packages.sh redis-server
python -m pytest tests/recorded -q -n "${WORKERS:-2}" -p no:cacheprovider "$@"
