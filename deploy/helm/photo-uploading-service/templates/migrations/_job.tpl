{{/*
With a database of yours a hook, which ends before anything else is changed. The bundled Postgres is
part of the release, and hooks end before that is there: a job beside it then, for which the services
wait, not ready until the tables are there.
*/}}
{{- define "photos.migrations.annotations" -}}
{{- if not .root.Values.bundled.enabled -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}
{{- end -}}
