#!/bin/bash
# Runs in the `packages` stage: collects programs of its Debian packages, with all that they need, for the images that
# the node's containers use. Usage: extract-tools.sh FOLDER    Leaves FOLDER/{busybox.tar,network-tools.tar,catatonit}.
set -o errexit -o nounset -o pipefail
out=$1
mkdir -p "$out/busybox" "$out/network-tools"

# A root folder laid out as Debian's: /bin and its like are links into /usr.
lay_out() {
  mkdir -p "$1"/{tmp,run,etc,root,usr/{bin,sbin,lib,lib64}} && chmod 1777 "$1/tmp"
  local name
  for name in bin sbin lib lib64; do ln -s "usr/$name" "$1/$name"; done
}

pack() { tar -C "$1" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$1.tar" . && rm -rf "$1"; }

lay_out "$out/busybox"
cp /bin/busybox "$out/busybox/usr/bin/busybox"
for command in $(/bin/busybox --list); do
  [ "$command" = busybox ] || ln -s busybox "$out/busybox/usr/bin/$command"
done
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n' > "$out/busybox/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' > "$out/busybox/etc/group"

programs=(/usr/sbin/xtables-nft-multi /usr/sbin/xtables-legacy-multi /usr/sbin/nft /usr/sbin/conntrack /usr/sbin/ip
  /usr/sbin/bridge /usr/sbin/ss /usr/sbin/ethtool /usr/bin/kmod)
tools=$out/network-tools
mkdir -p "$tools"/usr/{bin,sbin,lib,lib64}
libraries() { ldd "$@" 2>/dev/null | grep -o '/[^ :]*\.so[^ :]*' | sort -u; }
# Paths as /lib/… and /usr/lib/… name the same file; everything is laid down under /usr.
place() {
  local path=/usr/${1#/}
  path=${path/#\/usr\/usr\//\/usr\/}
  mkdir -p "$tools$(dirname "$path")" && cp -L "$1" "$tools$path"
}
existing=()
for program in "${programs[@]}"; do
  for candidate in "$program" "${program/sbin/bin}"; do
    [ -e "$candidate" ] && existing+=("$candidate") && break
  done
done
# The node's own Node runs in these images too (from a host path), and needs the C++ library.
runtime=(/usr/lib/*/libstdc++.so.6 /usr/lib/*/libgcc_s.so.1 /usr/lib/*/lib{dl,pthread,m}.so.?)
for file in "${runtime[@]}" "${existing[@]}" $(libraries "${existing[@]}" /usr/lib/*/xtables/*.so) /usr/lib/*/xtables/*.so; do
  place "$file"
done
for name in modprobe lsmod insmod rmmod depmod; do ln -sf ../bin/kmod "$tools/usr/sbin/$name"; done
install -m 755 /dev/stdin "$tools/usr/sbin/iptables-by-mode" <<'SCRIPT'
#!/bin/sh
# Runs the iptables that speaks the kernel interface which this network namespace's rules already use; the node's
# entrypoint decides in the same way. The answer is kept for the container's lifetime.
kept=/run/iptables-mode
if ! read -r mode 2>/dev/null < "$kept"; then
  legacy=$(xtables-legacy-multi iptables-save 2>/dev/null | grep -c '^-A')
  nft=$(xtables-nft-multi iptables-save 2>/dev/null | grep -c '^-A')
  if [ "$legacy" -gt "$nft" ]; then mode=legacy; else mode=nft; fi
  echo "$mode" > "$kept" 2>/dev/null
fi
exec "xtables-$mode-multi" "$(basename "$0")" "$@"
SCRIPT
for family in iptables ip6tables; do
  for suffix in '' -save -restore; do ln -s iptables-by-mode "$tools/usr/sbin/$family$suffix"; done
done
pack "$out/busybox"
pack "$tools"
cp "$(command -v catatonit)" "$out/catatonit"
