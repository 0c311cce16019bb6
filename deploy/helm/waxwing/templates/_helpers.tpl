{{/* What every name begins with: "waxwing" in a release of that name. */}}
{{- define "waxwing.prefix" -}}
{{- if contains "waxwing" .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-waxwing{{ end }}
{{- end }}

{{/* By which the Pods are selected: never to be changed. */}}
{{- define "waxwing.selector" -}}
app.kubernetes.io/name: waxwing
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: controller
{{- end }}

{{- define "waxwing.labels" -}}
app.kubernetes.io/name: waxwing
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "waxwing.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* Whether the controller deletes keys. */}}
{{- define "waxwing.deletesKeys" -}}
{{- with .Values.keys.deleteUnusedAfter }}{{ if not (has . (list "0" "0s")) }}true{{ end }}{{ end }}
{{- end }}

{{/* Where the webhook's certificate is mounted, if it comes from a Secret. */}}
{{- define "waxwing.webhookFolder" -}}
/etc/waxwing/webhook
{{- end }}

{{- define "waxwing.mountsCertificate" -}}
{{- if and .Values.webhook.enabled .Values.webhook.certificateSecret }}true{{ end }}
{{- end }}
