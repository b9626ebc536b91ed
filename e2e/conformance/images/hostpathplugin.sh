#!/bin/sh
# The proxy mode of the CSI driver of this name: each connection to a socket on the node goes to whoever connects to a port.
# Usage: hostpathplugin --endpoint=SOCKET --proxy-endpoint=tcp://:PORT
set -eu
for argument; do
  case $argument in
    --endpoint=*) socket=${argument#*=} ;;
    --proxy-endpoint=tcp://:*) port=${argument##*:} ;;
    --v=*) ;;
    *) echo "hostpathplugin: $argument: only the proxy of this program is here" >&2; exit 1 ;;
  esac
done
rm -f "$socket"
exec socat "UNIX-LISTEN:$socket,fork" "TCP-LISTEN:$port,reuseport"
