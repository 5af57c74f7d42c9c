{{/* A server with one replica and one volume; `root`, `component`, `port`, `size`. */}}

{{- define "photos.bundled.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "photos.metadata" . | nindent 2 }}
spec:
  clusterIP: None
  selector:
    {{- include "photos.selectorLabels" . | nindent 4 }}
  ports:
    - name: {{ .component }}
      port: {{ .port }}
      targetPort: {{ .component }}
{{- end -}}

{{- define "photos.bundled.statefulSetHead" -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  {{- include "photos.metadata" . | nindent 2 }}
spec:
  replicas: 1
  serviceName: {{ include "photos.name" . }}
  selector:
    matchLabels:
      {{- include "photos.selectorLabels" . | nindent 6 }}
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        {{- with .root.Values.bundled.storageClass }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests:
            storage: {{ .size }}
{{- end -}}
