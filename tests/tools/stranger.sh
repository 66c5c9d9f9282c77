#!/usr/bin/env bash
# The first operator who is not us: README.md's own commands and words, in an account of this machine that has nothing of ours, on lab hosts of its own
# that have a sudo password, a jump host, a firewall and a drive with XFS. The whole conversation: .lab/logs/stranger.out
set -euo pipefail
cd "$(dirname "$0")/../.."
export LAB_NAME=${LAB_NAME:-stranger} LAB_NET=${LAB_NET:-198.18.40.0/24}
trap 'lab/lab down' EXIT
lab/lab up
python -m pytest tests/stranger --lab ".lab-$LAB_NAME" -x -q -s -p no:cacheprovider
