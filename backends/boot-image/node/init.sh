#!/bin/sh
# First process of a node that has booted the image. It finds out by DHCP and HTTP where it is: in
# its airlock it shows what it has booted, in a tenant's enclave it becomes the tenant's system.
# There is no shell on the console: whoever holds the BMC must not get what the node is entrusted.
export PATH=/usr/bin:/usr/sbin

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o mode=0755 run /run
mount -t securityfs security /sys/kernel/security
exec >/dev/console 2>&1

# say TEXT: for whoever watches the console; with the seconds since the kernel started
say() { echo "ocx: $* at $(cut -d' ' -f1 /proc/uptime) s"; }

. /lib/ocx/network.sh
. /lib/ocx/attest.sh
. /lib/ocx/boot.sh

say 'agent starts'
for module in virtio_pci virtio_net virtio_rng virtio_blk efivarfs; do modprobe "$module"; done
ip link set lo up

while :; do
  obtain_lease || { sleep 1; continue; }
  place=$(whereami)
  if [ "$place" != "${told:-}" ]; then say "place is ${place:-unknown}"; fi
  told=$place
  case $place in
    airlock) airlock_round; sleep 1 ;;
    enclave) enclave_round; sleep 1 ;;
    *) sleep 2 ;;
  esac
done
