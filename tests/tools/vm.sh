#!/usr/bin/env bash
# A control plane and a node with kernels of their own: installed, rebooted, their power cut. Left out with a sentence where the kernel is not built.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LAB_KIND=uml LAB_NAME=${LAB_NAME:-vm} LAB_NET=${LAB_NET:-198.18.71.0/24} LAB_OS=${LAB_OS:-trixie}
if [ -z "${LONG:-}" ] && ! said=$(lab/lab kernel 2>&1); then
  echo "vm: LEFT OUT, no host with a kernel of its own was booted. $said"
  exit 0
fi
trap 'lab/lab down' EXIT
lab/lab up --hosts cp1,node1
python -m pytest tests/vm --lab ".lab-$LAB_NAME" -q -s -x -p no:cacheprovider
