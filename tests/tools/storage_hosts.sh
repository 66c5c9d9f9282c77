#!/usr/bin/env bash
# One host with an object store and a second place for its bucket: the mirror by S3 and by SFTP, dead drives, full drives, a lost host. A lab of its own.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LAB_NAME=${LAB_NAME:-places} LAB_NET=${LAB_NET:-198.18.46.0/24}
trap 'lab/lab down' EXIT
lab/lab up --hosts store1,store2
python -m pytest tests/storage_hosts/test_second_place.py tests/storage_hosts/test_one_host.py --lab ".lab-$LAB_NAME" -q -s -p no:cacheprovider
