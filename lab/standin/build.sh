#!/usr/bin/env bash
# Builds the stand-in: build.sh OUT
#   OUT/standin, OUT/controller   static programs
#   OUT/charts/*.tgz              packaged charts
# Needs go, and helm 3 in $HELM or on PATH. Which file goes into which image: README.md.
set -euo pipefail
out=$(realpath -m "${1:?usage: build.sh OUT}")
cd "$(dirname "$(realpath "$0")")"
helm=${HELM:-helm}
version() { sed -n 's/^appVersion: //p' "charts/$1/Chart.yaml"; }
mkdir -p "$out/charts"
export CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false"
go build -ldflags "-s -w -X main.version=$(version operator-wandb)" -o "$out/standin" ./app
go build -ldflags "-s -w -X main.version=$(version operator)" -o "$out/controller" ./controller
for chart in charts/*/Chart.yaml; do
    "$helm" package --destination "$out/charts" "$(dirname "$chart")" >/dev/null
done
