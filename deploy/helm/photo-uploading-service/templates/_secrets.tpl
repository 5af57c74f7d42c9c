{{/* The names of Secrets: those that were named, or those of the chart. */}}

{{- define "photos.sessionSecret" -}}
{{- .Values.session.existingSecret | default (printf "%s-session" (include "photos.fullname" .)) -}}
{{- end -}}

{{- define "photos.bundledSecret" -}}
{{- printf "%s-bundled" (include "photos.fullname" .) -}}
{{- end -}}

{{- define "photos.databaseSecret" -}}
{{- ternary (include "photos.bundledSecret" .) .Values.database.existingSecret .Values.bundled.enabled -}}
{{- end -}}

{{- define "photos.redisSecret" -}}
{{- ternary (include "photos.bundledSecret" .) .Values.redis.existingSecret .Values.bundled.enabled -}}
{{- end -}}

{{- define "photos.tlsSecret" -}}
{{ include "photos.name" . }}-tls
{{- end -}}

{{/*
A value that is made once: what the Secret `name` holds under `key`, else random characters.
https://helm.sh/docs/chart_template_guide/functions_and_pipelines/#using-the-lookup-function
*/}}
{{- define "photos.madeOnce" -}}
{{- $kept := lookup "v1" "Secret" .root.Release.Namespace .name -}}
{{- $value := dig "data" .key "" ($kept | default dict) -}}
{{- if $value }}{{ b64dec $value }}{{ else }}{{ randAlphaNum 48 }}{{ end -}}
{{- end -}}
