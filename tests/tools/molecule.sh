#!/usr/bin/env bash
# Runs one molecule scenario from its first step to its last:  molecule.sh <scenario> [arguments of molecule test]
# Fails also where molecule passes without a word: a step whose playbook is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
scenario=$1; shift
mkdir -p .lab/logs
log=.lab/logs/molecule-$scenario.out
rm -f ".lab/logs/ansible-$scenario.log"
started=$SECONDS
export NO_COLOR=1 ANSIBLE_NOCOLOR=1
molecule reset --scenario-name "$scenario" >/dev/null 2>&1   # what an earlier run left: with --destroy=never molecule would go on from there
molecule test --scenario-name "$scenario" --no-command-borders --no-shared-state "$@" 2>&1 | tee "$log"
if grep -n 'Missing playbook' "$log"; then
    echo "molecule-$scenario: FAILED, a step has no playbook and did nothing: name it in molecule/$scenario/molecule.yml" >&2
    exit 1
fi
echo "molecule-$scenario: ok, $(grep -c '\] Executed: Successful' "$log") steps ($((SECONDS - started)) s)"
