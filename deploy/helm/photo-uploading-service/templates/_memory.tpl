{{/*
The memory limits of pods, which follow from what their values let them take. Whoever gives a limit
gives at least that (photos.checkMemory): less, and the kernel ends the pod at work that it accepted.
*/}}

{{/* In MiB: what a pod of the component needs. */}}
{{- define "photos.neededMemory" -}}
{{- $own := get .root.Values .component -}}
{{- if eq .component "worker" -}}
{{- /* For each process its own 110 MB and that of its photo, so that hostile files meet the limit of
the process and not the kernel's; 100 MB for their parent (docs/operations.md, "Memory of the
worker"). */ -}}
{{- $process := add (div (int64 $own.processMemoryBytes) 1048576) 110 -}}
{{- add (mul $own.concurrency $process) 100 -}}
{{- else -}}
{{- /* Beside its buffer each upload may take up to 1 MiB, of 4 for each 5 MiB of them
(docs/operations.md, "Keys and limits"). */ -}}
{{- add (mul 2 (div (int64 $own.uploadBufferBytes) 1048576)) 256 -}}
{{- end -}}
{{- end -}}

{{/* The resources of a component whose memory limit follows from its values. */}}
{{- define "photos.resources" -}}
{{- $own := get .root.Values .component -}}
{{- $limits := dict "memory" (printf "%sMi" (include "photos.neededMemory" .)) -}}
{{- toYaml (merge (deepCopy $own.resources) (dict "limits" $limits)) -}}
{{- end -}}

{{/* What is wrong with the memory limit that was given to a component, if anything is. */}}
{{- define "photos.checkMemory" -}}
{{- $own := get .root.Values .component -}}
{{- with dig "limits" "memory" "" $own.resources -}}
{{- $number := regexFind "^[0-9.]+" . -}}
{{- $units := dict "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $bytes := mulf (float64 $number) (float64 (dig (trimPrefix $number .) 1 $units)) -}}
{{- $needed := include "photos.neededMemory" $ -}}
{{- if lt $bytes (mulf (float64 $needed) 1048576.0) -}}
{{- printf "%s.resources.limits.memory: %s is less than the %sMi that %s lets it take; lower that, or leave the limit out" $.component . $needed (ternary "worker.processMemoryBytes and worker.concurrency" (printf "%s.uploadBufferBytes" $.component) (eq $.component "worker")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
