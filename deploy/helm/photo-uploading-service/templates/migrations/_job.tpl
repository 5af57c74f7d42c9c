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

{{/* What every container of the job has, and the one that migrates. */}}
{{- define "photos.migrations.container" -}}
image: {{ include "photos.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  {{- include "photos.containerSecurity" . | nindent 2 }}
resources:
  {{- toYaml .root.Values.migrations.resources | nindent 2 }}
{{- end -}}

{{- define "photos.migrations.migrate" -}}
- name: migrations
  {{- include "photos.migrations.container" . | nindent 2 }}
  command: [python, -m, photo_records, migrate]
  env:
    {{- include "photos.settings.logging" . | nindent 4 }}
    {{- include "photos.settings.database" . | nindent 4 }}
  volumeMounts:
    {{- include "photos.volumeMounts" . | nindent 4 }}
{{- end -}}
