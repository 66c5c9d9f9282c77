#!/usr/bin/env bash
# A cluster of three lab hosts without W&B; what cuts pods off from each other is planted, and verify must name it.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LAB_NAME=${LAB_NAME:-pods} LAB_NET=${LAB_NET:-198.18.67.0/24}
trap 'lab/lab down' EXIT
lab/lab up --hosts cp1,node1,node2
log=.lab/logs/$LAB_NAME-site.log
mkdir -p .lab/logs
for layer in hosts kubernetes addons; do
  ansible-playbook -i ".lab-$LAB_NAME/inventory" "playbooks/$layer.yml" >"$log" 2>&1 || { tail -40 "$log"; exit 1; }
done
python -m pytest tests/pod_network --lab ".lab-$LAB_NAME" -q -p no:cacheprovider
