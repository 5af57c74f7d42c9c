{{/* Objects that every component has, alike but for the names. Each takes `root` and `component`. */}}

{{- define "photos.serviceAccount" -}}
{{- $own := get .root.Values .component | default dict -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "photos.metadata" . | nindent 2 }}
  {{- if or $own.serviceAccountAnnotations .annotations }}
  annotations:
    {{- with $own.serviceAccountAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- with .annotations }}
    {{- . | nindent 4 }}
    {{- end }}
  {{- end }}
# Nothing here speaks with Kubernetes.
automountServiceAccountToken: false
{{- end -}}

{{- define "photos.podDisruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "photos.metadata" . | nindent 2 }}
spec:
  # Not minAvailable: with one replica that would hold up the drain of its node for ever.
  maxUnavailable: 1
  # A pod that is not ready anyway must not hold up a drain.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "photos.selectorLabels" . | nindent 6 }}
{{- end -}}

{{- define "photos.horizontalPodAutoscaler" -}}
{{- $scaling := (get .root.Values .component).autoscaling -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "photos.metadata" . | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "photos.name" . }}
  minReplicas: {{ $scaling.minReplicas }}
  maxReplicas: {{ $scaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ $scaling.targetCpuPercent }}
  behavior:
    scaleDown:
      # A pod that goes waits for its uploads: rather few steps than many.
      stabilizationWindowSeconds: 300
{{- end -}}

{{/* A headless Service: its name has an address for each ready pod, among which gRPC clients go round. */}}
{{- define "photos.headlessService" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "photos.metadata" . | nindent 2 }}
spec:
  clusterIP: None
  selector:
    {{- include "photos.selectorLabels" . | nindent 4 }}
  ports:
    - name: grpc
      port: {{ .port }}
      targetPort: grpc
      appProtocol: kubernetes.io/h2c
{{- end -}}

{{/* The way from outside to a component, with its `ingress` of the values. */}}
{{- define "photos.ingress" -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  {{- include "photos.metadata" . | nindent 2 }}
  {{- with .ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  rules:
    - host: {{ .ingress.host }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {{ include "photos.name" . }}
                port: {name: http}
  {{- if .ingress.tlsSecret }}
  tls:
    - secretName: {{ .ingress.tlsSecret }}
      hosts: [{{ .ingress.host }}]
  {{- end }}
{{- end -}}

{{/* A Service that spreads HTTP over the pods. */}}
{{- define "photos.httpService" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "photos.metadata" . | nindent 2 }}
spec:
  selector:
    {{- include "photos.selectorLabels" . | nindent 4 }}
  ports:
    - name: http
      port: 80
      targetPort: http
{{- end -}}

{{/* A certificate of cert-manager for a service that speaks mTLS, and is probed from inside its pod. */}}
{{- define "photos.certificate" -}}
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  {{- include "photos.metadata" . | nindent 2 }}
spec:
  secretName: {{ include "photos.tlsSecret" . }}
  duration: 2160h
  renewBefore: 720h
  privateKey:
    algorithm: ECDSA
    size: 256
    rotationPolicy: Always
  usages: [digital signature, server auth, client auth]
  dnsNames:
    - {{ include "photos.name" . }}.{{ .root.Release.Namespace }}.svc
  ipAddresses:
    - 127.0.0.1
  issuerRef:
    group: cert-manager.io
    kind: {{ .root.Values.grpcTls.issuer.kind }}
    name: {{ .root.Values.grpcTls.issuer.name }}
{{- end -}}
