#!/usr/bin/env bash
# Runs the quick tests on every other supported Python that this machine has, each in an
# environment of its own. Python 3.13 needs redis-server or valkey-server on PATH.
set -euo pipefail
cd "$(dirname "$0")/.."

# Prints the interpreter for a version: on PATH, or one that pyenv holds.
find_python() {
  local candidate
  for candidate in "$(command -v "python$1" || true)" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python; do
    if [ -n "$candidate" ] && "$candidate" -c "import sys; sys.exit(sys.version_info[:2] != tuple(map(int, '$1'.split('.'))))" 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
}

tested=$("${PYTHON:-python3}" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
for version in 3.11 3.12 3.13; do
  [ "$version" = "$tested" ] && continue
  python=$(find_python "$version")
  if [ -z "$python" ]; then
    echo "Python $version: not on this machine"
  elif [ "$version" = 3.13 ] && ! command -v redis-server valkey-server >/dev/null; then
    echo "Python 3.13: skipped, it needs redis-server or valkey-server on PATH"
  else
    echo "Python $version: $python"
    make --no-print-directory test PYTHON="$python" VENV=".venv-$version"
  fi
done
