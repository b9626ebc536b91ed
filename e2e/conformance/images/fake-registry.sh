#!/bin/sh
# Fills FOLDER with what agnhost's fake-registry-server serves: the image pause:testing, made from the program PAUSE.
# Usage: fake-registry.sh PAUSE FOLDER
set -eu
pause=$1 folder=$2/pause work=$(mktemp -d)
digest() { sha256sum "$1" | cut -d ' ' -f 1; }
# put FILE KIND → where the server looks for that digest
put() {
  hash=$(digest "$1"); place=$folder/$2/sha256/$(printf %.2s "$hash")/$hash
  mkdir -p "$place"; cp "$1" "$place/data"; echo "sha256:$hash"
}
mkdir "$work/root"; cp "$pause" "$work/root/pause"
tar -C "$work/root" --sort=name --mtime=@0 --owner=0 --group=0 -cf "$work/layer" pause
diff=sha256:$(digest "$work/layer")
printf '{"architecture":"%s","os":"linux","config":{"Entrypoint":["/pause","-P"]},"rootfs":{"type":"layers","diff_ids":["%s"]}}' \
  "$(dpkg --print-architecture)" "$diff" > "$work/config"
layer=$(put "$work/layer" blobs) config=$(put "$work/config" blobs)
size() { stat -c %s "$1"; }
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"%s","size":%s}]}' \
  "$config" "$(size "$work/config")" "$layer" "$(size "$work/layer")" > "$work/manifest"
manifest=$(put "$work/manifest" manifests)
echo "$manifest" > "$folder/manifests/testing"
rm -r "$work"
