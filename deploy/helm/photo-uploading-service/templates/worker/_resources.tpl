{{/*
The memory limit follows from what a photo may take, so that hostile files meet the limit of the
process and not the kernel's: for each process its own 110 MB and that of its photo, 100 MB for their
parent (docs/operations.md, "Memory of the worker").
*/}}
{{- define "photos.workerResources" -}}
{{- $worker := .Values.worker -}}
{{- $process := add (div (int64 $worker.processMemoryBytes) 1048576) 110 -}}
{{- $needed := printf "%dMi" (add (mul $worker.concurrency $process) 100) -}}
{{- toYaml (merge (deepCopy $worker.resources) (dict "limits" (dict "memory" $needed))) -}}
{{- end -}}
