package main

import (
	"maps"
	"slices"
	"strings"
)

// component says what a Deployment of the operator-wandb chart serves and needs.
type component struct {
	listen   string
	live     string   // liveness path of the real component, beside /healthz
	ready    string   // readiness path of the real component, beside /ready
	needs    []string // dependencies that /ready checks
	migrates bool
	web      bool // front page at /
	api      bool // /api, /graphql, /graphql2
}

var components = map[string]component{
	"app":         {listen: ":8080", needs: []string{"mysql", "redis", "bucket"}, migrates: true, web: true, api: true},
	"api":         {listen: ":8081", needs: []string{"mysql", "redis", "bucket"}, migrates: true, api: true},
	"console":     {listen: ":8082", live: "/console/api/healthz", ready: "/console/api/ready", needs: []string{"mysql"}},
	"frontend":    {listen: ":8080", web: true},
	"parquet":     {listen: ":8087", needs: []string{"mysql", "bucket"}},
	"filemeta":    {listen: ":8084", needs: []string{"mysql", "bucket"}},
	"executor":    {listen: ":8085", needs: []string{"mysql", "redis", "bucket"}},
	"glue":        {listen: ":9173", needs: []string{"mysql", "redis"}},
	"weave":       {listen: ":9994", live: "/__weave/hello"},
	"weave-trace": {listen: ":8722", live: "/traces/health"},
	"anaconda2":   {listen: ":8083", live: "/ping"},
	"mcp-server":  {listen: ":8080", live: "/mcp/health"},
}

func knownComponents() string {
	return strings.Join(append(slices.Sorted(maps.Keys(components)), "migrate", "version"), ", ")
}
