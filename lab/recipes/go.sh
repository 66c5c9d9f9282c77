#!/usr/bin/env bash
# Builds the lab's Go programs from Go modules. Usage: go.sh OUTDIR component ...; versions come from the environment (see lablib/binaries.py).
# Needs: go, gcc, libseccomp-dev, pkg-config. Every version here was resolved and built; times on 4 loaded cores are in reference/lab.md.
set -euo pipefail
out=$(realpath -m "$1"); shift; mkdir -p "$out"; work=$(mktemp -d); trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export GOFLAGS="-buildvcs=false -trimpath -mod=mod" CGO_ENABLED=0
: "${K8S:?}" "${ETCD:?}" "${CONTAINERD:?}" "${RUNC:?}" "${HELM:?}" "${FLANNEL:?}" "${TRAEFIK:?}" "${COREDNS:?}" "${MINIO:?}" "${MC:?}" "${REGISTRY:?}" "${LOCAL_PATH:?}"

moddir() { go list -m -f '{{.Dir}}' "$1"; }            # directory of a required module in the module cache
scratch() { mkdir -p "$work/$1"; cd "$work/$1"; printf 'module lab.invalid/%s\n\ngo 1.26.0\n' "$1" > go.mod; }
plain() { GOBIN=$out go install -ldflags=-s "$1"; }    # modules without replace directives install directly

kubernetes() { # k8s.io/kubernetes replaces its staging modules by ./staging, which is not in the module zip: point them at the published v0.X.Y
  scratch kube; go mod download "k8s.io/kubernetes@v$K8S"
  local mod; mod=$(go mod download -json "k8s.io/kubernetes@v$K8S" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
  { printf 'module lab.invalid/kube\n\ngo 1.26.0\n\ngodebug default=go1.26\n\nrequire k8s.io/kubernetes v%s\n\nreplace (\n' "$K8S"
    sed -n 's#^\t\(k8s.io/[^ ]*\) => \./staging.*#\t\1 => \1 v0.'"${K8S#1.}"'#p' "$mod"; echo ')'; } > go.mod
  local v; v="-X k8s.io/component-base/version.gitVersion=v$K8S -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=$(cut -d. -f2 <<<"$K8S") -X k8s.io/component-base/version.gitTreeState=clean -X k8s.io/client-go/pkg/version.gitVersion=v$K8S"
  for c in kubeadm kubelet kubectl kube-apiserver kube-controller-manager kube-scheduler kube-proxy; do
    printf '//go:build tools\npackage tools\nimport _ "k8s.io/kubernetes/cmd/%s"\n' "$c" > "$c.go"; done
  go mod tidy
  for c in kubeadm kubelet kubectl kube-apiserver kube-controller-manager kube-scheduler kube-proxy; do go build -ldflags "-s -w $v" -o "$out/$c" "k8s.io/kubernetes/cmd/$c"; done; }

etcd() { # the server module has replace directives: a two-line main of our own
  scratch etcd; go get "go.etcd.io/etcd/server/v3@v$ETCD"
  printf 'package main\n\nimport (\n\t"os"\n\n\t"go.etcd.io/etcd/server/v3/etcdmain"\n)\n\nfunc main() { etcdmain.Main(os.Args) }\n' > main.go
  go mod tidy; go build -ldflags=-s -o "$out/etcd" .; }

containerd() { for c in containerd containerd-shim-runc-v2 ctr; do plain "github.com/containerd/containerd/v2/cmd/$c@v$CONTAINERD"; done; }   # 2.3.0 needs mkfs.erofs at start: use a later patch
runc() { CGO_ENABLED=1 GOBIN=$out go install -tags "seccomp netgo osusergo" -ldflags '-s -extldflags -static' "github.com/opencontainers/runc@v$RUNC"; } # without the seccomp tag every pod sandbox fails

flannel() { # one cloud backend imports modules that cannot be had: replace them by stubs; the udp backend needs cgo
  scratch flannel; local t=github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud
  mkdir -p stub/common/errors stub/vpc/v20170312
  printf 'module %s/common\n\ngo 1.23\n' $t > stub/common/go.mod; printf 'module %s/vpc\n\ngo 1.23\n' $t > stub/vpc/go.mod
  cat > stub/common/common.go <<'G'
package common

func StringPtr(s string) *string { return &s }
func BoolPtr(b bool) *bool       { return &b }
func StringPtrs(s []string) (r []*string) {
	for i := range s {
		r = append(r, &s[i])
	}
	return r
}
G
  printf 'package errors\n\ntype TencentCloudSDKError struct{}\n\nfunc (*TencentCloudSDKError) Error() string { return "not built in" }\n' > stub/common/errors/errors.go
  cat > stub/vpc/v20170312/vpc.go <<'G'
package v20170312

import "errors"

type Filter struct {
	Name   *string
	Values []*string
}
type Route struct {
	RouteId                                              *uint64
	DestinationCidrBlock, GatewayType, GatewayId, RouteType *string
	Enabled                                              *bool
}
type RouteTable struct {
	RouteTableId *string
	RouteSet     []*Route
}
type DescribeRouteTablesRequest struct{ Filters []*Filter }
type DescribeRouteTablesResponse struct{ Response *struct{ RouteTableSet []*RouteTable } }
type DeleteRoutesRequest struct {
	RouteTableId *string
	Routes       []*Route
}
type CreateRoutesRequest = DeleteRoutesRequest
type Client struct{}

var errNotBuiltIn = errors.New("tencent-vpc is not built in")

func NewClientWithSecretId(_, _, _ string) (*Client, error)       { return &Client{}, nil }
func NewDescribeRouteTablesRequest() *DescribeRouteTablesRequest { return &DescribeRouteTablesRequest{} }
func NewDeleteRoutesRequest() *DeleteRoutesRequest               { return &DeleteRoutesRequest{} }
func NewCreateRoutesRequest() *CreateRoutesRequest               { return &CreateRoutesRequest{} }
func (*Client) DescribeRouteTables(*DescribeRouteTablesRequest) (*DescribeRouteTablesResponse, error) {
	return nil, errNotBuiltIn
}
func (*Client) DeleteRoutes(*DeleteRoutesRequest) (any, error) { return nil, errNotBuiltIn }
func (*Client) CreateRoutes(*CreateRoutesRequest) (any, error) { return nil, errNotBuiltIn }
G
  printf 'require github.com/flannel-io/flannel v%s\n\nreplace (\n\t%s/common => ./stub/common\n\t%s/vpc => ./stub/vpc\n)\n' "$FLANNEL" $t $t >> go.mod
  CGO_ENABLED=1 go build -tags netgo -ldflags "-s -extldflags -static -X github.com/flannel-io/flannel/pkg/version.Version=v$FLANNEL" -o "$out/flanneld" github.com/flannel-io/flannel; }

traefik() { # lab only: ACME DNS providers cut out, two forks replaced by the originals plus the missing symbols (basic auth refuses everybody)
  scratch traefik; local req='github.com/traefik/traefik/v3'
  printf 'require %s v%s\n' $req "$TRAEFIK" >> go.mod; go mod download "$req@v$TRAEFIK"
  local lego; lego=$(sed -n 's#^\t\(github.com/go-acme/lego/v[0-9]*\) \(v[0-9.]*\)$#\1@\2#p' "$(moddir $req)/go.mod" | sort -V | tail -1)
  for m in "$lego" github.com/gorilla/mux@v1.8.1 github.com/abbot/go-http-auth@v0.4.0; do
    local d; d=$(cd "$(mktemp -d -p "$work")" && go mod download -json "$m" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p'); local n; n=$(basename "${m%@*}"); [[ $n == v[0-9]* ]] && n=lego; cp -r "$d" "$n"; chmod -R u+w "$n"; done
  find lego/providers/dns -mindepth 1 -maxdepth 1 -type d -exec rm -rf {} +
  printf 'package dns\n\nimport (\n\t"fmt"\n\n\t"%s/challenge"\n)\n\nfunc NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {\n\treturn nil, fmt.Errorf("DNS provider %%q is not built in", name)\n}\n' "${lego%@*}" > lego/providers/dns/zz_gen_dns_providers.go
  printf 'package mux\n\nvar RoutingPathKey = &struct{ name string }{"routingPath"}\n\nfunc (r *Router) UseRoutingPath() *Router { return r }\n' > mux/routing_path.go
  printf 'module github.com/abbot/go-http-auth\n\ngo 1.23\n\nrequire (\n\tgolang.org/x/crypto v0.40.0\n\tgolang.org/x/net v0.42.0\n)\n' > go-http-auth/go.mod
  printf 'package auth\n\nimport "net/http"\n\nfunc CheckSecret(password, secret string) bool { return false }\n\nfunc (a *DigestAuth) RequireAuthStale(w http.ResponseWriter, r *http.Request) { a.RequireAuth(w, r) }\n' > go-http-auth/extra.go
  mkdir -p ext; printf 'module github.com/traefik/traefik/dynamic/ext\n\ngo 1.23\n' > ext/go.mod; printf 'package ext\n\ntype HTTP struct{}\n\ntype Router struct{}\n' > ext/ext.go
  printf 'replace (\n\t%s => ./lego\n\tgithub.com/gorilla/mux => ./mux\n\tgithub.com/abbot/go-http-auth => ./go-http-auth\n\tgithub.com/traefik/traefik/dynamic/ext => ./ext\n)\n' "${lego%@*}" >> go.mod
  go build -ldflags=-s -o "$out/traefik" $req/cmd/traefik; }

helm() { plain "helm.sh/helm/v3/cmd/helm@v$HELM"; }
coredns() { plain "github.com/coredns/coredns@v$COREDNS"; }
minio() { plain "github.com/minio/minio@v$MINIO"; }
mc() { plain "github.com/minio/mc@v$MC"; }
registry() { plain "github.com/distribution/distribution/v3/cmd/registry@v$REGISTRY"; }
local_path() { plain "github.com/rancher/local-path-provisioner@v$LOCAL_PATH"; }

for component in "$@"; do "$component"; done
