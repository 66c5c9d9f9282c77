{{- define "operator.name" -}}{{ .Values.fullnameOverride | default .Values.nameOverride }}-controller-manager{{- end }}

{{- define "operator.serviceAccount" -}}{{ .Values.nameOverride }}-manager{{- end }}

{{- define "operator.labels" -}}
app.kubernetes.io/name: {{ .Values.nameOverride }}-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: controller-manager
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "operator.image" -}}
{{- with .Values.image }}{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}{{ end }}
{{- end }}
