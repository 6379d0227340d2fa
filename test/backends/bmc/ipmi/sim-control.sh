#!/bin/sh
# What ipmi_sim runs to ask and to switch its node: CONTROL NODE get|set NAME [VALUE] ...
here=${0%/*}
. "$here/chassis.sh"
verb=$2
shift 2
if [ "$verb" = get ]; then
  for name; do
    case $name in
      power)
        tell
        [ "$value" = on ] && echo power:1 || echo power:0 ;;
      boot)
        # ipmi_sim calls the disk the default.
        recall boot none
        [ "$value" = disk ] && value=default
        echo "boot:$value" ;;
    esac
  done
  exit 0
fi
[ "$verb" = set ] || exit 0
while [ $# -ge 1 ]; do
  case $1 in
    power) [ "$2" = 1 ] && ask on || ask off ;;
    shutdown) ask off ;;
    boot) [ "$2" = default ] && choose disk || choose "$2" ;;
  esac
  shift 2 || exit 0
done
exit 0
