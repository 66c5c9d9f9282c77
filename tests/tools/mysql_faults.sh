#!/usr/bin/env bash
# The long proof of the MySQL pair, on hosts of its own: the contract of mysql_replica, controls that must lose, faults under load, every step killed.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LAB_NAME=${LAB_NAME:-faults} LAB_NET=${LAB_NET:-198.18.42.0/24}
trap 'lab/lab down' EXIT
pair() {
    lab/lab up --hosts db1,db2
    ansible-playbook -i ".lab-$LAB_NAME/inventory" playbooks/certificates.yml playbooks/hosts.yml playbooks/mysql.yml
}
# The endpoint's last tests take a pair apart, and begin with a new one.
pair
python -m pytest tests/mysql/endpoint -q -s -p no:cacheprovider
lab/lab down
pair
python -m pytest tests/mysql --ignore tests/mysql/endpoint --lab ".lab-$LAB_NAME" -q -s -p no:cacheprovider
