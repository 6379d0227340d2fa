#!/bin/sh
# What udhcpc runs with an answer; it has checked that these are addresses.
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip address flush dev "$interface"
ip address add "$ip/${mask:-24}" dev "$interface"
set -- ${router:-}
[ -n "${1:-}" ] && ip route add default via "$1" dev "$interface"
echo "${1:-${siaddr:-}}" > /run/server
