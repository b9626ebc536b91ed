#!/usr/bin/env bash
# Ends the Docker engine that scripts/setup.sh started, if it started one.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
[ -s dist/dockerd.pid ] || exit 0
pid=$(cat dist/dockerd.pid)
rm -f dist/dockerd.pid
[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] || exit 0
kill "$pid"
for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || exit 0; sleep 0.1; done
