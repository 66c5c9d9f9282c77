#!/usr/bin/env bash
# Faults of Redis and of certificates, planted in real servers on the loopback; certificates from a real ACME server. No lab.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/tools/packages.sh pebble redis-server curl
python -m pytest tests/redis_certificates -q -n 2 -p no:cacheprovider
