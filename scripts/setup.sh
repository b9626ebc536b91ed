#!/usr/bin/env bash
# Puts in place what this machine lacks to build and run klab: packages, a Docker engine that answers, Node 24, the CRI client.
# With --for-tests, also what only tests need: a browser.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
say() { printf '==> %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$1" >&2; [ -z "${2:-}" ] || printf '  %s\n' "$2" >&2; exit 1; }

# Command → the Debian package it is in. The node image is built from these and from Go modules.
packages_missing() {
  local pair more=()
  [ "${for_tests:-}" = "" ] || more=(chromium:chromium)
  for pair in dockerd:docker.io debootstrap:debootstrap catatonit:catatonit busybox:busybox-static iptables:iptables ip:iproute2 gcc:gcc make:make "${more[@]}"; do
    command -v "${pair%%:*}" >/dev/null || [ -x "/usr/sbin/${pair%%:*}" ] || echo "${pair#*:}"
  done
}

install_packages() {
  local missing
  mapfile -t missing < <(packages_missing)
  [ "${#missing[@]}" -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "these are missing: ${missing[*]}" "install them with your package manager and run this again"
  [ "$(id -u)" = 0 ] || fail "these packages are missing: ${missing[*]}" "install them with: sudo apt-get install ${missing[*]}"
  say "installing packages: ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

need_go() {
  command -v go >/dev/null || export PATH="$PATH:/usr/local/go/bin"
  command -v go >/dev/null || fail "Go is not installed" "install Go 1.26 or newer: the node image's programs are built from Go modules"
}

need_node() {
  command -v npm >/dev/null || fail "npm is not installed" "install Node.js 20 or newer with npm; klab brings its own Node 24"
  if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    say "installing the npm packages, Node 24 among them"
    npm ci --no-audit --no-fund --loglevel=error
  fi
}

# Started only where none answers, with its process id kept so that scripts/stop-docker.sh ends that one and no other.
start_docker() {
  docker info >/dev/null 2>&1 && return 0
  [ "$(id -u)" = 0 ] || fail "no Docker engine answers" "start it, or add yourself to the group docker"
  say "starting a Docker engine"
  mkdir -p dist
  setsid dockerd >dist/dockerd.log 2>&1 </dev/null &
  echo $! >dist/dockerd.pid
  local tries
  for tries in $(seq 150); do
    docker info >/dev/null 2>&1 && return 0
    kill -0 "$(cat dist/dockerd.pid)" 2>/dev/null || fail "dockerd ended: $(tail -n 1 dist/dockerd.log)" "see dist/dockerd.log"
    sleep 0.2
  done
  fail "dockerd does not answer after 30 seconds" "see dist/dockerd.log"
}

# Every node's systemd, containerd and kubelet watch files: the kernel's default of 128 watchers is used up by a few nodes.
raise_inotify_limits() {
  local name least
  for name in max_user_instances:1024 max_user_watches:524288; do
    least=${name#*:}
    name=/proc/sys/fs/inotify/${name%%:*}
    [ "$(cat "$name")" -ge "$least" ] && continue
    echo "$least" 2>/dev/null >"$name" || say "fs.inotify.${name##*/} is $(cat "$name"): more than a few nodes need $least (sudo sysctl -w fs.inotify.${name##*/}=$least)"
  done
}

[ "${1:-}" != --for-tests ] || for_tests=yes
install_packages
raise_inotify_limits
need_go
need_node
start_docker
node_modules/.bin/node scripts/generate-cri.ts
say "set up: $(go version | cut -d' ' -f3), Node $(node_modules/.bin/node --version), Docker $(docker version --format '{{.Server.Version}}')"
