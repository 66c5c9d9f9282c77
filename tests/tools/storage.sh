#!/usr/bin/env bash
# Broken object storage, an external bucket and keys that are replaced, against a real server on loopback. No lab host is needed.
set -euo pipefail
cd "$(dirname "$0")/../.."
python -m pytest tests/storage -q -n "${WORKERS:-4}" -p no:cacheprovider
