#!/bin/sh
# Runs flannel and writes the node's CNI configuration from what flannel finds out (subnet, MTU).
# Upstream's flannel CNI plugin does the same at every pod start: it reads subnet.env and calls bridge with host-local. A node's subnet never
# changes while flannel runs, so it is written down once, and the plugin with its image is not needed.
set -eu
root=${ROOT:-} # for tests
env=$root/run/flannel/subnet.env
conflist=$root/etc/cni/net.d/10-flannel.conflist

# 10.244.3.1/24 -> 10.244.3.0/24
network() {
  bits=${1#*/}
  IFS=. read -r a b c d <<END
${1%/*}
END
  value=$(( (a << 24 | b << 16 | c << 8 | d) & (0xffffffff << (32 - bits)) & 0xffffffff ))
  echo "$(( value >> 24 )).$(( value >> 16 & 255 )).$(( value >> 8 & 255 )).$(( value & 255 ))/$bits"
}

write() {
  seconds=0
  while [ ! -s "$env" ]; do
    seconds=$(( seconds + 1 ))
    if [ "$seconds" -gt 120 ]; then
      echo "flannel has not written $env after 120 s: ending it" >&2
      # $$ is this script, and flannel after the exec below: the container starts anew.
      kill $$
      exit 1
    fi
    sleep 1
  done
  # shellcheck source=/dev/null
  . "$env"
  # No routes here: isDefaultGateway adds the default route, and a second one would be an error. No ipMasq: flannel does that.
  cat > "$conflist.new" <<END
{
  "cniVersion": "1.0.0",
  "name": "flannel",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "cni0",
      "isDefaultGateway": true,
      "hairpinMode": true,
      "ipMasq": false,
      "mtu": $FLANNEL_MTU,
      "ipam": {"type": "host-local", "ranges": [[{"subnet": "$(network "$FLANNEL_SUBNET")"}]]}
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
END
  # In one step, and not at all when it is the same: containerd reads the directory when something moves in it.
  if [ -f "$conflist" ] && [ "$(cat "$conflist.new")" = "$(cat "$conflist")" ]; then
    rm "$conflist.new"
  else
    mv "$conflist.new" "$conflist"
  fi
  echo "$FLANNEL_SUBNET" > "$root/run/flannel/configured"
}

# What an earlier life of this node has left must not reach the new configuration.
rm -f "$env" "$root/run/flannel/configured"
write &
exec "${FLANNELD:-/opt/bin/flanneld}" "$@"
