#!/usr/bin/env bash
# Replaces the containers of a service by ones of today's image and settings, without a gap: new ones
# beside the old, then the old ones away, which end what they are at. For services that are found by
# name: ingest-service, status-service, worker. A published port has room for one container only.
set -euo pipefail
service=${1:?usage: deploy/compose/roll.sh SERVICE}
cd "$(dirname "$0")/../.."

mapfile -t old < <(docker compose ps --quiet "$service")
if [ "${#old[@]}" = 0 ]; then
  echo "$service does not run: docker compose up --detach --wait $service" >&2
  exit 1
fi
docker compose up --detach --wait --no-deps --no-recreate \
  --scale "$service=$((2 * ${#old[@]}))" "$service"
docker stop "${old[@]}"
docker rm "${old[@]}"
