{{/* The variables that services read (settings.py of each), by whom they are shared. */}}

{{- define "photos.settings.logging" -}}
- name: LOG_LEVEL
  value: {{ .root.Values.log.level }}
- name: LOG_FORMAT
  value: json
{{- end -}}

{{/* `shutdownGraceSeconds` is how long what runs may take to end. */}}
{{- define "photos.settings.service" -}}
{{ include "photos.settings.logging" . }}
- name: LISTEN_HOST
  value: 0.0.0.0
- name: SHUTDOWN_GRACE_SECONDS
  value: {{ .shutdownGraceSeconds | quote }}
{{- with .root.Values.tracing.otlpEndpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . }}
- name: OTEL_TRACES_SAMPLER
  value: {{ $.root.Values.tracing.sampler }}
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ $.root.Values.tracing.samplerRatio | quote }}
{{- if $.root.Values.tracing.caSecret }}
- name: OTEL_EXPORTER_OTLP_CERTIFICATE
  value: /etc/otlp/ca.crt
{{- end }}
{{- end }}
{{- end -}}

{{- define "photos.settings.storage" -}}
- name: STORAGE_URL
  value: {{ ternary "file:///var/lib/photos" .root.Values.storage.url .root.Values.bundled.enabled | quote }}
{{- end -}}

{{- define "photos.settings.database" -}}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "photos.databaseSecret" .root }}
      key: {{ .component }}
{{- end -}}

{{- define "photos.settings.redis" -}}
- name: REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "photos.redisSecret" .root }}
      key: url
{{- end -}}

{{- define "photos.settings.grpcTls" -}}
{{- if .root.Values.grpcTls.enabled -}}
- name: GRPC_TLS_CERT_FILE
  value: /etc/grpc-tls/tls.crt
- name: GRPC_TLS_KEY_FILE
  value: /etc/grpc-tls/tls.key
- name: GRPC_TLS_CA_FILE
  value: /etc/grpc-tls/ca.crt
{{- end -}}
{{- end -}}

{{/* Secrets whose keys are variables: those of the cloud's own tools, and of the tracing. */}}
{{- define "photos.envFrom" -}}
{{- $own := get .root.Values .component -}}
{{- $secrets := list -}}
{{- if .objects -}}
{{- $secrets = append $secrets ($own.storageSecret | default .root.Values.storage.existingSecret) -}}
{{- end -}}
{{- if .root.Values.tracing.otlpEndpoint -}}
{{- $secrets = append $secrets .root.Values.tracing.existingSecret -}}
{{- end -}}
{{- with compact $secrets -}}
envFrom:
  {{- range . }}
  - secretRef:
      name: {{ . }}
  {{- end }}
{{- end -}}
{{- end -}}
