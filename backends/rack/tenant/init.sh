#!/bin/sh
# First process of the rack's tenant system. The node's agent has brought up the network, attached
# the disk that this is on, and moved /proc, /sys, /dev and /run here.
export PATH=/bin
exec >/dev/console 2>&1
name=$(cat /etc/tenant-image)
up() { cut -d' ' -f1 /proc/uptime; }
echo "tenant: $name runs at $(up) s"

# Until the boot desk has heard it, or nobody waits for it any more (404).
tell_up() {
  read -r url < /run/ocx/up || return
  while :; do
    said=$(wget -q -S -O - --post-data up "$url" 2>&1) && break
    case $said in *' 404 '*) break ;; esac
    sleep 1
  done
  echo "tenant: the boot desk has heard it at $(up) s"
}
tell_up &

httpd -h /www -p 80
# A sign of life on the disk and one in the network, for whoever looks whether it goes on.
while :; do up > /var/heartbeat; sleep 1; done &
card=$(ip route | sed -n 's/.* dev \([a-z0-9]*\) .*/\1/p' | grep -v '^wg' | head -n 1)
ping -q -i 0.01 -I "${card:-eth0}" 255.255.255.255 >/dev/null 2>&1 &

while :; do setsid cttyhack sh; sleep 1; done
