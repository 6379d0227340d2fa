#!/bin/sh
# A node without a machine: node.sh SCRIPTS FIRMWARE PROGRAMS TPM IMAGE_LOG. It is in a network namespace
# of its own, boots from the network in appearance only, and shows its TPM as a machine's agent does.
export OCX_SCRIPTS=$1 LOG=$5 TPM2TOOLS_TCTI="swtpm:path=$4"
firmware=$2
export PATH="$3:/usr/bin:/usr/sbin:/bin:/sbin"
mount -t tmpfs -o mode=0755 run /run
# Of this network namespace.
mount -t sysfs sysfs /sys

say() { echo "ocx: $* at $(cut -d' ' -f1 /proc/uptime) s"; }
. "$OCX_SCRIPTS/network.sh"
. "$OCX_SCRIPTS/attest.sh"
. "$OCX_SCRIPTS/boot.sh"

has_tpm() { true; }
# There is no resource manager before this TPM: what was loaded is unloaded here.
tpm2() {
  command tpm2 "$@"
  status=$?
  case $1 in
    startauthsession | policysecret | flushcontext) ;;
    *) command tpm2 flushcontext -t >/dev/null 2>&1 ;;
  esac
  return $status
}
beacon() { :; }

# Its place is what it would be as a machine; it attaches no disk.
enclave_round() {
  fetch "/v1/boot/$mac" > /run/boot && [ -s /run/boot ] || return
  [ -f /run/told ] && return
  say "a disk is exposed by $(value method)"
  wget -q -O - --post-data up "http://$server:8080/v1/boot/$mac/up" >/dev/null 2>&1
  touch /run/told
}

until obtain_lease; do sleep 1; done
say 'firmware starts'
$firmware "http://$server:8080/uki.efi" "$mac" "$TPM2TOOLS_TCTI" "$LOG" || exit 1
say 'agent starts'
while :; do
  obtain_lease || { sleep 1; continue; }
  case $(whereami) in
    airlock) airlock_round; sleep 1 ;;
    enclave) enclave_round; sleep 1 ;;
    *) sleep 2 ;;
  esac
done
