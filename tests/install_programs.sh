#!/usr/bin/env bash
# What some tests use and would skip without: clients of others, a browser, and what checks the
# alert rules. Installed where that needs no asking, which is as root on Debian; without it, and
# without a network, the tests skip.
set -euo pipefail

missing=()
for program in curl chromium npm promtool; do
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

# Out of the package of the server, which would start one if it were installed.
install_promtool() {
  local folder
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' RETURN
  chmod 755 "$folder"
  (cd "$folder" && apt-get download -q prometheus) &&
    dpkg-deb -x "$folder"/prometheus_*.deb "$folder/unpacked" &&
    install "$folder/unpacked/usr/bin/promtool" /usr/local/bin/promtool
}

packages=()
for program in "${missing[@]}"; do
  [ "$program" = promtool ] || packages+=("$program")
done
apt-get update -q || true
if [ "${#packages[@]}" != 0 ]; then
  apt-get install -y -q --no-install-recommends "${packages[@]}" ||
    echo "apt-get could not install what some tests want: ${packages[*]}"
fi
if ! command -v promtool >/dev/null; then
  install_promtool || echo "apt-get has no promtool: the alert rules will not be checked"
fi
