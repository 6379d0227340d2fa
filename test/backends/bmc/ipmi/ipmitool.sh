#!/bin/sh
# Plays ipmitool before a BMC that is emulated in files; its words are those of ipmitool 1.8.19.
here=${0%/*}
. "$here/chassis.sh"
echo "$*" >> "$here/calls"
if [ "$IPMI_PASSWORD" != 'secret of a BMC' ]; then
  echo 'Error: Unable to establish IPMI v2 / RMCP+ session' >&2
  exit 1
fi
[ "$LC_ALL" = C ] || { echo 'Strom ist an'; exit 0; }
take hangs && exec sleep 60
while [ "$1" != chassis ] && [ "$1" != sol ] && [ "$1" != fru ]; do shift; done

refuse() { echo "$1: Invalid data field in request" >&2; exit 1; }

# Done, but nobody is told.
lose() {
  take lostReply || return 0
  echo 'Close Session command failed: timeout' >&2
  exit 1
}

case "$1 $2 $3" in
  'chassis power status')
    tell
    echo "Chassis Power is $value" ;;
  'chassis power on')
    take refuses && refuse 'Set Chassis Power Control to Up/On failed'
    ask on
    lose
    echo 'Chassis Power Control: Up/On' ;;
  'chassis power off' | 'chassis power soft')
    take refuses && refuse 'Set Chassis Power Control to Down/Off failed'
    ask off
    lose
    echo 'Chassis Power Control: Down/Off' ;;
  'chassis bootparam get')
    recall boot none
    case $value in pxe) byte=04 ;; disk) byte=08 ;; cdrom) byte=14 ;; *) byte=00 ;; esac
    echo 'Boot parameter version: 1'
    echo 'Boot parameter 5 is valid/unlocked'
    echo "Boot parameter data: 00${byte}000000"
    echo ' Boot Flags :'
    echo '   - Boot Flag Invalid' ;;
  'chassis bootdev '*)
    choose "$3"
    lose
    echo "Set Boot Device to $3" ;;
  'sol info '*)
    echo 'Enabled                         : true'
    echo 'Payload Port                    : 623' ;;
  'fru print 0')
    echo ' Product Manufacturer  : Open Cloud eXchange'
    echo ' Product Name          : emulated node'
    echo ' Product Serial        : N-1' ;;
  *)
    echo "Invalid command: $*" >&2
    exit 1 ;;
esac
