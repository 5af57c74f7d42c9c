{{/* What objects are called. `photos.name` takes a dict of `root` and `component`. */}}

{{- define "photos.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "photos.name" -}}
{{- include "photos.fullname" .root }}-{{ .component -}}
{{- end -}}

{{/* What a selector matches: it never changes, for Kubernetes refuses that. */}}
{{- define "photos.selectorLabels" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "photos.labels" -}}
{{ include "photos.selectorLabels" . }}
app.kubernetes.io/part-of: {{ .root.Chart.Name }}
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name (.root.Chart.Version | replace "+" "_") | trunc 63 }}
{{- end -}}

{{/* Name, namespace and labels of an object of a component; `suffix` goes behind the name. */}}
{{- define "photos.metadata" -}}
name: {{ include "photos.name" . }}{{ .suffix }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "photos.labels" . | nindent 2 }}
{{- end -}}

{{/* The image of a component, of which `program` is the last part of the name. */}}
{{- define "photos.image" -}}
{{- $image := .root.Values.image -}}
{{- $own := (get .root.Values .component).image -}}
{{- $own | default (printf "%s/%s:%s" $image.prefix .program ($image.tag | default .root.Chart.AppVersion)) -}}
{{- end -}}

{{/* The target of a gRPC channel: a headless Service, whose name has the address of every pod. */}}
{{- define "photos.target" -}}
dns:///{{ include "photos.name" . }}.{{ .root.Release.Namespace }}.svc:{{ .port }}
{{- end -}}
