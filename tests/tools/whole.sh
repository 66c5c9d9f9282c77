#!/usr/bin/env bash
# A whole site with Redis on TLS, on lab hosts of its own: W&B's own SDK and a browser as its clients, its acceptance, and what happens to W&B's clients
# when Redis is lost and when certificates, CA and keys are replaced.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LAB_NAME=${LAB_NAME:-whole} LAB_NET=${LAB_NET:-198.18.61.0/24}
tests/tools/env.sh .lab/venv-wandb requirements/wandb.txt
tests/tools/packages.sh chromium chromium-driver libnss3-tools
trap 'lab/lab down' EXIT
lab/lab up
log=.lab/logs/$LAB_NAME-site.log
mkdir -p .lab/logs
ansible-playbook -i ".lab-$LAB_NAME/inventory" -e '{"redis_tls": true}' playbooks/site.yml >"$log" 2>&1 || { tail -40 "$log"; exit 1; }
python -m pytest tests/site --lab ".lab-$LAB_NAME" -q -s -p no:cacheprovider
