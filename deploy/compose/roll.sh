#!/usr/bin/env bash
# Replaces the containers of services by ones of today's image and settings, without a gap, one
# service after the other: new ones beside the old, then the old ones away, which end what they are
# at. New ones that do not get healthy go again, and the old ones stay. For services that are found by
# name: ingest-service, status-service, worker. A published port has room for one container only.
set -euo pipefail
# Healthy is soon, or it will not be.
wait_seconds=300
: "${1:?usage: deploy/compose/roll.sh SERVICE...}"
cd "$(dirname "$0")/../.."

# give_up SERVICE OLD...: away with all of its containers but the old ones.
give_up() {
  local service=$1 found new=()
  shift
  for found in $(docker compose ps --all --quiet "$service"); do
    case " $* " in *" $found "*) ;; *) new+=("$found") ;; esac
  done
  if [ "${#new[@]}" != 0 ]; then
    docker logs --tail 20 "${new[0]}" >&2 || true
    docker rm --force "${new[@]}" >/dev/null
  fi
  echo "$service: the new containers did not get healthy and are gone; the old ones still serve" >&2
  exit 1
}

roll() {
  local service=$1 old
  mapfile -t old < <(docker compose ps --quiet "$service")
  if [ "${#old[@]}" = 0 ]; then
    echo "$service does not run: docker compose up --detach --wait $service" >&2
    exit 1
  fi
  trap 'give_up "$service" "${old[@]}"' INT TERM
  docker compose up --detach --wait --wait-timeout "$wait_seconds" --no-deps --no-recreate \
    --scale "$service=$((2 * ${#old[@]}))" "$service" || give_up "$service" "${old[@]}"
  trap - INT TERM
  docker stop "${old[@]}"
  docker rm "${old[@]}"
}

for each in "$@"; do roll "$each"; done
