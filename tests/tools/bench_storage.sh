#!/usr/bin/env bash
# The object store beside the bare disk and loopback, on one lab host of its own: .lab/bench-storage.json
set -euo pipefail
cd "$(dirname "$0")/../.."
export LAB_NAME=${LAB_NAME:-benchs3} LAB_NET=${LAB_NET:-198.18.60.0/24}
trap 'lab/lab down' EXIT
lab/lab up --hosts store1
log=.lab/logs/$LAB_NAME-site.log
mkdir -p .lab/logs
ansible-playbook -i ".lab-$LAB_NAME/inventory" playbooks/certificates.yml playbooks/hosts.yml >"$log" 2>&1 || { tail -40 "$log"; exit 1; }
python tests/tools/bench_storage.py --inventory ".lab-$LAB_NAME/inventory"
