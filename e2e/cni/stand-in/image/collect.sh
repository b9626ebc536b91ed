# Copies the programs that the stand-in needs, and the libraries that they need, from the node image to a folder.
set -e
out=$1
copy() { mkdir -p "$out$(dirname "$1")" && cp -aL "$1" "$out$1"; }
for program in busybox ip xtables-nft-multi; do
  path=$(command -v "$program")
  copy "$path"
  ldd "$path" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do copy "$library"; done
done
cp -aL --parents /usr/lib/*/xtables "$out/"
mkdir -p "$out/bin" "$out/tmp"
for name in sh cat sed sleep touch chmod mkdir mv cp rm test grep base64 tr; do ln -sf "$(command -v busybox)" "$out/bin/$name"; done
for name in iptables ip6tables; do ln -sf "$(command -v xtables-nft-multi)" "$out/usr/sbin/$name"; done
