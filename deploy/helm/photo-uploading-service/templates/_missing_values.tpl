{{/* Everything that an operator has to decide and has not, told at once; NOTES.txt asks for it. */}}
{{- define "photos.checkValues" -}}
{{- $wrong := list -}}
{{- $v := .Values -}}
{{- if not $v.auth.mode -}}
{{- $wrong = append $wrong "auth.mode: choose open (visitors need no key, and whoever knows a task id may read the task) or required (every call needs an API key)" -}}
{{- end -}}
{{- if and (eq $v.auth.mode "required") (not $v.auth.existingSecret) -}}
{{- $wrong = append $wrong "auth.existingSecret: auth.mode required needs a Secret with the file of API keys under api-keys.yaml" -}}
{{- end -}}
{{- if $v.bundled.enabled -}}
{{- range $name, $given := dict "database.existingSecret" $v.database.existingSecret "redis.existingSecret" $v.redis.existingSecret "storage.url" $v.storage.url -}}
{{- if $given -}}
{{- $wrong = append $wrong (printf "%s: leave it empty with bundled.enabled, which brings its own" $name) -}}
{{- end -}}
{{- end -}}
{{- if $v.worker.autoscaling.enabled -}}
{{- $wrong = append $wrong "worker.autoscaling.enabled: KEDA does not reach the Postgres of bundled.enabled" -}}
{{- end -}}
{{- else -}}
{{- if not $v.database.existingSecret -}}
{{- $wrong = append $wrong "database.existingSecret: name a Secret with a Postgres DSN under each of the keys migrations, ingest, status and worker (and console with console.enabled)" -}}
{{- end -}}
{{- if not $v.redis.existingSecret -}}
{{- $wrong = append $wrong "redis.existingSecret: name a Secret with the address of your Redis under the key url" -}}
{{- end -}}
{{- if not $v.storage.url -}}
{{- $wrong = append $wrong "storage.url: name your bucket, as s3://bucket/prefix, gs://bucket/prefix or az://container/prefix" -}}
{{- end -}}
{{- end -}}
{{- if and $v.ingress.enabled (not $v.ingress.host) -}}
{{- $wrong = append $wrong "ingress.host: name the host of ingress.enabled" -}}
{{- end -}}
{{- if $v.console.ingress.enabled -}}
{{- if not $v.console.enabled -}}
{{- $wrong = append $wrong "console.ingress.enabled: it leads to nothing without console.enabled" -}}
{{- end -}}
{{- if not $v.console.ingress.host -}}
{{- $wrong = append $wrong "console.ingress.host: name the host of console.ingress.enabled, which is not that of the gateway" -}}
{{- else if and $v.ingress.enabled (eq $v.console.ingress.host $v.ingress.host) -}}
{{- $wrong = append $wrong "console.ingress.host: name another host than that of the gateway, with whose pages the console must not share cookies" -}}
{{- end -}}
{{- if and $v.networkPolicy.enabled (not $v.networkPolicy.consoleFrom) -}}
{{- $wrong = append $wrong "networkPolicy.consoleFrom: name the ingress controller of console.ingress; nobody is let in while it is empty" -}}
{{- end -}}
{{- end -}}
{{- range list "gateway" "ingest" "status" "worker" -}}
{{- $scaling := (get $v .).autoscaling -}}
{{- if and $scaling.enabled (lt (int $scaling.maxReplicas) (int $scaling.minReplicas)) -}}
{{- $wrong = append $wrong (printf "%s.autoscaling.maxReplicas: it has to be at least minReplicas" .) -}}
{{- end -}}
{{- end -}}
{{- range list "gateway" "ingest" "worker" -}}
{{- with include "photos.checkMemory" (dict "root" $ "component" .) -}}
{{- $wrong = append $wrong . -}}
{{- end -}}
{{- end -}}
{{- with $v.worker.visibilityTimeoutSeconds -}}
{{- if le (int .) (add $v.worker.taskTimeLimitSeconds 15 | int) -}}
{{- $wrong = append $wrong "worker.visibilityTimeoutSeconds: it has to be above worker.taskTimeLimitSeconds + 15" -}}
{{- end -}}
{{- end -}}
{{- if $wrong -}}
{{- $trying := ternary "" "\n  To try it out on one node, without a database, Redis and bucket of your own: bundled.enabled=true" $v.bundled.enabled -}}
{{- fail (printf "\n\nThese values are missing or wrong:\n  - %s\n%s" (join "\n  - " $wrong) $trying) -}}
{{- end -}}
{{- end -}}
