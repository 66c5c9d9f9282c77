{{- define "standin.labels" -}}
app.kubernetes.io/name: {{ .key }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* As in the real chart: repositoryPrefix goes in front, imageRegistry is for vendored subcharts only. */}}
{{- define "standin.image" -}}
{{- $image := (index .root.Values .key).image }}
{{- with .root.Values.global.repositoryPrefix }}{{ trimSuffix "/" . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end }}

{{/* A value is a scalar or {valueFrom: …}. */}}
{{- define "standin.env" -}}
- name: {{ .name }}
{{- if kindIs "map" .value }}
  {{- toYaml .value | nindent 2 }}
{{- else }}
  value: {{ .value | toString | quote }}
{{- end }}
{{- end }}

{{- define "standin.secretEnv" -}}
- name: {{ .name }}
  valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .key }}{{ if .optional }}, optional: true{{ end }}}}
{{- end }}

{{/* defaultBucket, overridden by bucket field by field. */}}
{{- define "standin.bucket" -}}
{{- $b := deepCopy .Values.global.defaultBucket }}
{{- range $k, $val := .Values.global.bucket }}{{ if $val }}{{ if kindIs "map" $val }}{{ $_ := set $b $k (merge (deepCopy $val) (get $b $k)) }}{{ else }}{{ $_ := set $b $k $val }}{{ end }}{{ end }}{{ end }}
{{- toYaml $b }}
{{- end }}

{{- define "standin.redisQuery" -}}
{{- $q := merge (dict "ttlInSeconds" "604800") .params .parameters }}
{{- if .caCert }}{{ $q = merge $q (dict "tls" "true" "caCertPath" "/etc/ssl/certs/redis_ca.pem") }}{{ end }}
{{- $pairs := list }}
{{- range $k, $val := $q }}{{ $pairs = append $pairs (printf "%s=%v" $k $val) }}{{ end }}
{{- join "&" $pairs }}
{{- end }}

{{/* MySQL, Redis and bucket as the real chart passes them. Nothing is percent-encoded, as there. MySQL's and the
licence's references are required; those of Redis and the bucket are optional: such pods start and are not ready. */}}
{{- define "standin.backendEnv" -}}
{{- $r := .Release.Name }}
{{- $g := .Values.global }}
{{- $b := include "standin.bucket" . | fromYaml }}
{{- range $name, $value := dict "MYSQL_HOST" $g.mysql.host "MYSQL_PORT" $g.mysql.port "MYSQL_DATABASE" $g.mysql.database "MYSQL_USER" $g.mysql.user }}
{{ include "standin.env" (dict "name" $name "value" $value) }}
{{- end }}
{{- if and (kindIs "map" $g.mysql.password) (not $g.mysql.passwordSecret.name) }}
{{ include "standin.env" (dict "name" "MYSQL_PASSWORD" "value" $g.mysql.password) }}
{{- else }}
{{ include "standin.secretEnv" (dict "name" "MYSQL_PASSWORD" "secret" ($g.mysql.passwordSecret.name | default (printf "%s-mysql" $r)) "key" $g.mysql.passwordSecret.passwordKey) }}
{{- end }}
- {name: MYSQL, value: "mysql://$(MYSQL_USER):$(MYSQL_PASSWORD)@$(MYSQL_HOST):$(MYSQL_PORT)/$(MYSQL_DATABASE)?tls=preferred{{ if $g.mysql.caCert }}&ssl-ca=/etc/ssl/certs/mysql_ca.pem{{ end }}"}
- {name: REDIS_HOST, value: {{ $g.redis.host | quote }}}
- {name: REDIS_PORT, value: {{ $g.redis.port | toString | quote }}}
{{- $redisPassword := or $g.redis.secret.secretName $g.redis.password }}
{{- if $redisPassword }}
{{ include "standin.secretEnv" (dict "name" "REDIS_PASSWORD" "secret" ($g.redis.secret.secretName | default (printf "%s-redis-secret" $r)) "key" $g.redis.secret.secretKey "optional" true) }}
{{- end }}
- {name: REDIS, value: "redis://{{ if $redisPassword }}:$(REDIS_PASSWORD)@{{ end }}$(REDIS_HOST):$(REDIS_PORT)?{{ include "standin.redisQuery" $g.redis }}"}
- {name: BUCKET_NAME, value: {{ $b.name | quote }}}
- {name: BUCKET_PATH, value: {{ $b.path | quote }}}
- {name: AWS_REGION, value: {{ $b.region | quote }}}
{{- $bucketSecret := $b.secret.secretName | default (printf "%s-bucket" $r) }}
{{ include "standin.secretEnv" (dict "name" "BUCKET_ACCESS_KEY" "secret" $bucketSecret "key" $b.secret.accessKeyName "optional" true) }}
{{ include "standin.secretEnv" (dict "name" "BUCKET_SECRET_KEY" "secret" $bucketSecret "key" $b.secret.secretKeyName "optional" true) }}
- {name: BUCKET, value: "s3://$(BUCKET_ACCESS_KEY):$(BUCKET_SECRET_KEY)@$(BUCKET_NAME){{ if $b.path }}/$(BUCKET_PATH){{ end }}"}
{{ include "standin.secretEnv" (dict "name" "LICENSE" "secret" ($g.licenseSecret.name | default (printf "%s-license" $r)) "key" $g.licenseSecret.key) }}
{{ include "standin.secretEnv" (dict "name" "GORILLA_SESSION_KEY" "secret" (printf "%s-gorilla-session-key" $r) "key" "key") }}
{{- with $g.email.smtp }}
{{- if .host }}
{{- range $name, $value := dict "SMTP_HOST" .host "SMTP_PORT" .port "SMTP_USER" .user "SMTP_PASSWORD" .password "SMTP_FROM" .mailFrom }}
{{- if $value }}
{{ include "standin.env" (dict "name" $name "value" $value) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with $g.auth.sessionLengthHours }}
- {name: GORILLA_SESSION_LENGTH, value: "{{ . }}h"}
{{- end }}
{{- with $g.auth.oidc }}
- {name: OIDC_CLIENT_ID, value: {{ .clientId | default "" | quote }}}
- {name: OIDC_ISSUER, value: {{ .issuer | default "" | quote }}}
- {name: OIDC_AUTH_METHOD, value: {{ .authMethod | default "" | quote }}}
{{- if .secret }}
{{ include "standin.env" (dict "name" "OIDC_SECRET" "value" .secret) }}
{{- else if .oidcSecret }}
{{ include "standin.secretEnv" (dict "name" "OIDC_SECRET" "secret" .oidcSecret.name "key" (.oidcSecret.secretKey | default "OIDC_SECRET")) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Environment of one container: the component's own settings win over global ones. */}}
{{- define "standin.containerEnv" -}}
{{- $root := .root }}
{{- $values := index $root.Values .c.key }}
- {name: HOST, value: {{ $root.Values.global.host | quote }}}
{{- if .c.backends }}
{{- include "standin.backendEnv" $root }}
{{- end }}
{{- if .c.worker }}
- {name: STANDIN_WORKER, value: "true"}
{{- end }}
{{- if eq .c.key "console" }}
{{ include "standin.secretEnv" (dict "name" "CONSOLE_PASSWORD" "secret" (printf "%s-password" $root.Release.Name) "key" "password") }}
{{- end }}
{{- range $name, $value := merge (dict) ($values.extraEnv | default dict) ($values.env | default dict) $root.Values.global.extraEnv $root.Values.global.env }}
{{ include "standin.env" (dict "name" $name "value" $value) }}
{{- end }}
{{- end }}

{{- define "standin.mounts" -}}
{{- $g := .Values.global }}
{{- if $g.mysql.caCert }}
- {name: mysql-ca, mountPath: /etc/ssl/certs/mysql_ca.pem, subPath: ca.pem, readOnly: true}
{{- end }}
{{- if or $g.redis.caCert (hasKey $g.redis.params "caCertPath") }}
- {name: redis-ca, mountPath: /etc/ssl/certs/redis_ca.pem, subPath: redis_ca.pem, readOnly: true}
{{- end }}
{{- if $g.customCACerts }}
- {name: ca-inline, mountPath: /usr/local/share/ca-certificates/inline, readOnly: true}
{{- end }}
{{- if $g.caCertsConfigMap }}
- {name: ca-configmap, mountPath: /usr/local/share/ca-certificates/configmap, readOnly: true}
{{- end }}
{{- end }}

{{- define "standin.volumes" -}}
{{- $r := .Release.Name }}
{{- $g := .Values.global }}
{{- if $g.mysql.caCert }}
- {name: mysql-ca, secret: {secretName: {{ $r }}-mysql-ca-cert}}
{{- end }}
{{- if or $g.redis.caCert (hasKey $g.redis.params "caCertPath") }}
- name: redis-ca
  secret: {secretName: {{ if $g.redis.caCert }}{{ $r }}-redis-ca-cert{{ else }}{{ $g.redis.secret.secretName | default (printf "%s-redis-secret" $r) }}{{ end }}, items: [{key: REDIS_CA_CERT, path: redis_ca.pem}]}
{{- end }}
{{- if $g.customCACerts }}
- {name: ca-inline, configMap: {name: {{ $r }}-ca-certs}}
{{- end }}
{{- with $g.caCertsConfigMap }}
- {name: ca-configmap, configMap: {name: {{ . }}, optional: true}}
{{- end }}
{{- end }}

{{/* A generated secret keeps its value over upgrades. */}}
{{- define "standin.keep" -}}
{{- $old := lookup "v1" "Secret" .root.Release.Namespace .name }}
{{- if and $old $old.data (index $old.data .key) }}{{ index $old.data .key }}{{ else }}{{ .new | b64enc }}{{ end }}
{{- end }}
