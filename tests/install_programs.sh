#!/usr/bin/env bash
# What some tests use and would skip without: clients of others, and a browser. Installed where that
# needs no asking, which is as root on Debian; without it, and without a network, the tests skip.
set -euo pipefail

missing=()
for program in curl chromium npm; do
  command -v "$program" >/dev/null || missing+=("$program")
done
if [ "${#missing[@]}" = 0 ]; then
  exit
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Some tests will be skipped for want of: ${missing[*]}"
  exit
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q && apt-get install -y -q --no-install-recommends "${missing[@]}" ||
  echo "apt-get could not install what some tests want: ${missing[*]}"
