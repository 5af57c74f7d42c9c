{{/*
Probes of a gRPC service. Alive is who answers at all: a database that is away makes pods not ready,
and starts none anew. The kubelet's own gRPC probe speaks no TLS: with it, the pod asks itself.
*/}}
{{- define "photos.grpcProbes" -}}
{{- if .root.Values.grpcTls.enabled -}}
startupProbe:
  tcpSocket:
    port: grpc
  periodSeconds: 2
  failureThreshold: 60
readinessProbe:
  exec:
    command: [python, -m, service_kit.health_probe, {{ .port | quote }}]
  periodSeconds: 15
  # Python has to start first, on a node that may be busy.
  timeoutSeconds: 10
  failureThreshold: 2
livenessProbe:
  tcpSocket:
    port: grpc
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- else -}}
startupProbe:
  grpc:
    port: {{ .port }}
    service: liveness
  periodSeconds: 2
  failureThreshold: 60
readinessProbe:
  grpc:
    port: {{ .port }}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
livenessProbe:
  grpc:
    port: {{ .port }}
    service: liveness
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end -}}
{{- end -}}

{{/* Probes of an HTTP service: the same, by its addresses for it. */}}
{{- define "photos.httpProbes" -}}
startupProbe:
  httpGet: {path: /livez, port: http}
  periodSeconds: 2
  failureThreshold: 60
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
livenessProbe:
  httpGet: {path: /livez, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end -}}

{{/*
Before a pod is told to stop: time for everybody to hear that it is to go. A pod that is being
deleted is left out of Services at once, whatever its readiness.
*/}}
{{- define "photos.preStop" -}}
lifecycle:
  preStop:
    sleep:
      seconds: 10
{{- end -}}

{{/* preStop, what may go on after it, and time to close. */}}
{{- define "photos.gracePeriod" -}}
terminationGracePeriodSeconds: {{ add 10 .seconds 20 }}
{{- end -}}
