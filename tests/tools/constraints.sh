#!/usr/bin/env bash
# Writes requirements/constraints.txt: every version of everything, for Python 3.11 and newer, without hosts and hashes.
set -euo pipefail
cd "$(dirname "$0")/../../requirements"
uv=${ONPREM_WANDB_CACHE:-$HOME/.cache/onprem-wandb}/uvboot/bin/uv
new=$(mktemp)
trap 'rm -f "$new"' EXIT
# Ansible itself is left out: each environment has its own.
"$uv" pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate \
    --no-emit-package ansible --no-emit-package ansible-core \
    ansible.txt controller.txt test.txt dev.txt wandb.txt --output-file "$new"
{ echo '# Every version of everything, without hosts or hashes: written by `make requirements`, not by hand.'; cat "$new"; } > constraints.txt
echo "requirements: $(grep -c == constraints.txt) versions in requirements/constraints.txt"
