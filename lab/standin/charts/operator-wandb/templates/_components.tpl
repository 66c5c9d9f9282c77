{{/* The Deployments this release has, as YAML. One entry: values key, names, port, probes, environment. */}}
{{- define "standin.components" -}}
{{- $v := .Values }}
{{- $g := $v.global }}
{{- if and $v.app.install (not $g.localService.bypass) }}
- {key: app, deploy: app-bc, port: 8080, live: /healthz, ready: /ready, backends: true, migrate: true, worker: {{ not (or $g.api.enabled $g.executor.enabled) }}}
{{- end }}
{{- if $g.api.enabled }}
- {key: api, deploy: api, port: 8081, live: /healthz, ready: /ready, backends: true, migrate: true, worker: {{ not $g.executor.enabled }}}
{{- end }}
{{- if $v.console.install }}
- {key: console, deploy: console-bc, port: 8082, live: /console/api/healthz, ready: /console/api/ready, backends: true}
{{- end }}
{{- if $v.parquet.install }}
- {key: parquet, deploy: parquet-bc, port: 8087, live: /healthz, ready: /ready, backends: true}
{{- end }}
{{- if $v.weave.install }}
- {key: weave, deploy: weave-bc, port: 9994, live: /__weave/hello, ready: /__weave/hello}
{{- end }}
{{- if (index $v "weave-trace").install }}
- {key: weave-trace, deploy: weave-trace, port: 8722, live: /traces/health, ready: /traces/health}
{{- end }}
{{- if $v.executor.install }}
- {key: executor, deploy: executor-bc, port: 8085, live: /healthz, ready: /ready, backends: true, worker: true}
{{- end }}
{{- if $g.glue.enabled }}
- {key: glue, deploy: glue, port: 9173, live: /healthz, ready: /ready, backends: true}
{{- end }}
{{- if $v.frontend.install }}
- {key: frontend, deploy: frontend, port: 8080, live: /healthz, ready: /ready}
{{- end }}
{{- if $v.filemeta.install }}
- {key: filemeta, deploy: filemeta, port: 8084, live: /healthz, ready: /ready, backends: true}
{{- end }}
{{- if $v.anaconda2.install }}
- {key: anaconda2, deploy: anaconda2, port: 8083, live: /ping, ready: /ping}
{{- end }}
{{- if (index $v "mcp-server").install }}
- {key: mcp-server, deploy: mcp-server, port: 8080, live: /mcp/health, ready: /mcp/health}
{{- end }}
{{- end }}

{{/* replicas, cpu, memory per component for global.size; unset or unknown: no sizing, as in the real chart. */}}
{{- define "standin.sizes" -}}
small:
  app: [1, "1", 2Gi]
  api: [2, "1", 2Gi]
  console: [1, "1", 1Gi]
  executor: [1, "1", 8Gi]
  glue: [1, "1", 2Gi]
  parquet: [2, "1", 8Gi]
  weave: [2, "1", 8Gi]
  frontend: [2, "1", 1Gi]
  filemeta: [1, "1", 1Gi]
  anaconda2: [2, "1", 1Gi]
  weave-trace: [2, "1", 4Gi]
medium:
  parquet: [2, "15", 64Gi]
  executor: [1, "6", 32Gi]
{{- end }}
