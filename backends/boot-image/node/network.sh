# The node's place in the network. Sourced.
# $server: whom DHCP names as router, or as next server; $card, $mac: the card that got the answer.

# still_there: whether the server that we know still answers
still_there() { [ -n "${server:-}" ] && [ -n "$(whereami)" ]; }

# obtain_lease: keeps the address while the server answers, else asks for one on each card in turn
obtain_lease() {
  still_there && return 0
  for path in /sys/class/net/*; do
    card=${path##*/}
    [ "$card" = lo ] && continue
    case $card in wg*) continue ;; esac
    ip link set "$card" up
    rm -f /run/server
    udhcpc -i "$card" -s "${OCX_SCRIPTS:-/lib/ocx}/lease.sh" -q -n -f -t 3 -T 1 >/dev/null 2>&1
    server=
    [ -f /run/server ] && read -r server < /run/server
    if [ -n "$server" ]; then
      read -r mac < "$path/address"
      say "address from $server"
      beacon
      return 0
    fi
  done
  return 1
}

# beacon: for tests of a network's walls, with a command line that asks for it (it is measured)
beacon() {
  grep -qw ocx.beacon /proc/cmdline && [ -z "${beacons:-}" ] || return
  ping -q -i 0.01 -I "$card" 255.255.255.255 >/dev/null 2>&1 &
  beacons=$!
}

# fetch PATH: what the server answers; fails where it is no success
fetch() { timeout 5 wget -q -O - "http://$server:8080$1" 2>/dev/null; }

# post PATH FILE: the same, with JSON from a file
post() {
  timeout 15 wget -q -O - --header 'Content-Type: application/json' --post-file "$2" \
    "http://$server:8080$1" 2>/dev/null
}

whereami() { fetch /v1/whereami | tr -cd 'a-z' | head -c 16; }
