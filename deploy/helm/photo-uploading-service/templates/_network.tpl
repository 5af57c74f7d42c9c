{{/*
Rules of NetworkPolicies. A policy that selects a pod forbids what no rule allows; so both ends have
to name each other. Dicts have `root`, and what is named below.
*/}}

{{- define "photos.network.policyHead" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "photos.metadata" . | nindent 2 }}
  {{- with .annotations }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
spec:
  podSelector:
    matchLabels:
      {{- include "photos.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
{{- end -}}

{{/* From pods of `components` to `port`, and from `peers` that the operator names. */}}
{{- define "photos.network.from" -}}
- ports:
    - port: {{ .port }}
  from:
    {{- range .components }}
    - podSelector:
        matchLabels:
          {{- include "photos.selectorLabels" (dict "root" $.root "component" .) | nindent 10 }}
    {{- end }}
    {{- with .peers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{- define "photos.network.fromMetrics" -}}
- ports:
    - port: {{ .port }}
  {{- with .root.Values.networkPolicy.metricsFrom }}
  from:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* To pods of `to` at `port`. */}}
{{- define "photos.network.to" -}}
- ports:
    - port: {{ .port }}
  to:
    - podSelector:
        matchLabels:
          {{- include "photos.selectorLabels" (dict "root" .root "component" .to) | nindent 10 }}
{{- end -}}

{{/* To `peers` at `port`; to whatever is there without any. */}}
{{- define "photos.network.toOutside" -}}
- ports:
    - port: {{ .port }}
  {{- with .peers }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "photos.network.toNames" -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
  {{- with .root.Values.networkPolicy.dnsTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "photos.network.toPostgres" -}}
{{- $network := .root.Values.networkPolicy -}}
{{- if .root.Values.bundled.enabled -}}
{{ include "photos.network.to" (dict "root" .root "to" "postgres" "port" 5432) }}
{{- else -}}
{{ include "photos.network.toOutside" (dict "peers" $network.postgresTo "port" $network.postgresPort) }}
{{- end -}}
{{- end -}}

{{- define "photos.network.toRedis" -}}
{{- $network := .root.Values.networkPolicy -}}
{{- if .root.Values.bundled.enabled -}}
{{ include "photos.network.to" (dict "root" .root "to" "redis" "port" 6379) }}
{{- else -}}
{{ include "photos.network.toOutside" (dict "peers" $network.redisTo "port" $network.redisPort) }}
{{- end -}}
{{- end -}}

{{/* And to who hands out credentials for it, where that is named. Nothing where photos are files. */}}
{{- define "photos.network.toStorage" -}}
{{- $network := .root.Values.networkPolicy -}}
{{- if not .root.Values.bundled.enabled -}}
{{ include "photos.network.toOutside" (dict "peers" $network.storageTo "port" $network.storagePort) }}
{{- with $network.identityTo }}
- ports:
    {{- range $network.identityPorts }}
    - port: {{ . }}
    {{- end }}
  to:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* Nothing where nobody collects traces. */}}
{{- define "photos.network.toTraces" -}}
{{- $network := .root.Values.networkPolicy -}}
{{- if .root.Values.tracing.otlpEndpoint -}}
{{ include "photos.network.toOutside" (dict "peers" $network.tracesTo "port" $network.tracesPort) }}
{{- end -}}
{{- end -}}
