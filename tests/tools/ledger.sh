#!/usr/bin/env bash
# A MySQL pair on lab hosts of its own, and one of the programs that prove or measure it:  ledger.sh ledger|mysqlbench [arguments]
set -euo pipefail
cd "$(dirname "$0")/../.."
program=$1; shift
export LAB_NAME=${LAB_NAME:-ledger} LAB_NET=${LAB_NET:-198.18.43.0/24}
trap 'lab/lab down' EXIT
hosts=db1,db2
[ "$program" != mysqlbench ] || hosts=$hosts,store1 # idle until the backups, which come last
lab/lab up --hosts "$hosts"
log=.lab/logs/$LAB_NAME-site.log
mkdir -p .lab/logs
ansible-playbook -i ".lab-$LAB_NAME/inventory" playbooks/certificates.yml playbooks/hosts.yml playbooks/mysql.yml >"$log" 2>&1 || { tail -40 "$log"; exit 1; }
PYTHONPATH=tests/mysql python -m "$program" --state ".lab-$LAB_NAME" "$@"
