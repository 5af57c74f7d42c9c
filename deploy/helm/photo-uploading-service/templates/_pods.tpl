{{/* What the pods of all components have in common: each gets no more than it needs. */}}

{{/* The beginning of a pod's spec. The user is the same everywhere: bundled photos are files. */}}
{{- define "photos.podSpec" -}}
{{- $own := get .root.Values .component | default dict -}}
serviceAccountName: {{ include "photos.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user | default 10001 }}
  runAsGroup: {{ .user | default 10001 }}
  fsGroup: {{ .user | default 10001 }}
  # A large volume is not looked through at each start.
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $own.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- define "photos.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Replicas apart from each other, each generation of a Deployment by itself. */}}
{{- define "photos.spread" -}}
topologySpreadConstraints:
  {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "photos.selectorLabels" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end -}}

{{/* The bundled volume is mounted on one node at a time: whoever uses it keeps together. */}}
{{- define "photos.besidePhotos" -}}
{{- if .root.Values.bundled.enabled -}}
affinity:
  podAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            app.kubernetes.io/name: {{ .root.Chart.Name }}
            app.kubernetes.io/instance: {{ .root.Release.Name }}
          matchExpressions:
            - key: app.kubernetes.io/component
              operator: In
              values: [gateway, ingest, status, worker]
{{- end -}}
{{- end -}}

{{/*
The metadata of a pod, with the labels `marks` besides. No versions: a new chart starts no pod anew
that stays as it is.
*/}}
{{- define "photos.podMetadata" -}}
{{- $own := get .root.Values .component | default dict -}}
labels:
  {{- include "photos.selectorLabels" . | nindent 2 }}
  {{- with merge (dict) (.marks | default dict) ($own.podLabels | default dict) }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $own.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Volumes: somewhere to write, and what the installation has besides. */}}
{{- define "photos.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: {{ .tmpSize | default "64Mi" }}
{{- if and .grpc .root.Values.grpcTls.enabled }}
- name: grpc-tls
  secret:
    secretName: {{ include "photos.tlsSecret" . }}
    defaultMode: 0440
{{- end }}
{{- $tracing := .root.Values.tracing }}
{{- if and .traces $tracing.otlpEndpoint $tracing.caSecret }}
- name: otlp-ca
  secret:
    secretName: {{ $tracing.caSecret }}
    items:
      - {key: ca.crt, path: ca.crt}
    defaultMode: 0440
{{- end }}
{{- if and .objects .root.Values.bundled.enabled }}
- name: objects
  persistentVolumeClaim:
    claimName: {{ include "photos.fullname" .root }}-objects
{{- end }}
{{- end -}}

{{- define "photos.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if and .grpc .root.Values.grpcTls.enabled }}
- name: grpc-tls
  mountPath: /etc/grpc-tls
  readOnly: true
{{- end }}
{{- $tracing := .root.Values.tracing }}
{{- if and .traces $tracing.otlpEndpoint $tracing.caSecret }}
- name: otlp-ca
  mountPath: /etc/otlp
  readOnly: true
{{- end }}
{{- if and .objects .root.Values.bundled.enabled }}
- name: objects
  mountPath: /var/lib/photos
{{- end }}
{{- end -}}
