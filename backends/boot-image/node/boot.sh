# How the node becomes its tenant's system. Sourced.

# value NAME: out of the boot desk's answer; nothing but what addresses, names and keys are made of
value() { sed -n "s/^$1=//p" /run/boot | head -n 1 | tr -cd 'A-Za-z0-9.:/+=_-'; }

# take_key_share: what the tenant's attester gives a node that it trusts: the secret of a credential
# that only this TPM can open
take_key_share() {
  [ -f share.hex ] && return
  fetch /v1/airlock/key > key.txt && [ -s key.txt ] || return
  base64 -d key.txt > key.credential
  with_policy tpm2 activatecredential -c ak.ctx -C ek.ctx -i key.credential -o share \
    >/dev/null 2>&1 || { say 'the key share cannot be opened'; return; }
  xxd -p share | tr -d '\n' > share.hex
  rm share
  say 'the key share is here'
}

# disk_key: both shares together, in hex
disk_key() {
  ours=$(cat /run/attest/share.hex 2>/dev/null)
  theirs=$(value keyShare | base64 -d | xxd -p | tr -d '\n')
  [ ${#ours} = 64 ] && [ ${#theirs} = 64 ] || return 1
  at=1
  while [ $at -lt 64 ]; do
    printf '%02x' $((0x$(echo "$ours" | cut -c $at-$((at + 1))) ^ 0x$(echo "$theirs" | cut -c $at-$((at + 1)))))
    at=$((at + 2))
  done
}

# join_tunnel: the node's private key follows from the disk's, see docs/boot.md
join_tunnel() {
  modprobe wireguard
  ip link add wg0 type wireguard 2>/dev/null
  (umask 077; { printf 'ocx wireguard node 1\n'; echo "$key" | xxd -r -p; } |
    sha256sum | cut -c 1-64 | xxd -r -p | base64 -w 0 > /run/wireguard)
  wg set wg0 private-key /run/wireguard peer "$(value wgPeerKey)" \
    endpoint "$(value wgEndpoint)" allowed-ips "$(value wgAllowed)" persistent-keepalive 25
  rm /run/wireguard
  ip address replace "$(value wgAddress)" dev wg0
  ip link set wg0 up
  ip route replace "$(value wgAllowed)" dev wg0
}

# attach_disk: $device
attach_disk() {
  case $(value method) in
    nbd)
      modprobe nbd
      device=/dev/nbd0
      nbd-client "$(value host)" "$(value port)" $device -N "$(value export)" >/dev/null ;;
    iscsi)
      modprobe iscsi_tcp
      modprobe sd_mod
      device=/dev/sda
      timeout 60 iscsistart -i "$(value initiator)" -t "$(value target)" -g 1 -a "$(value host)" \
        -p "$(value port)" -u "$(value user)" -w "$(value secret)" >/dev/null ;;
    *) return 1 ;;
  esac
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ "$(cat "/sys/block/${device##*/}/size" 2>/dev/null || echo 0)" -gt 0 ] && return 0
    sleep 1
  done
  return 1
}

open_disk() {
  # The crypto API asks for modules by names that this system does not resolve.
  for module in dm_crypt aesni_intel ecb xts algif_skcipher; do modprobe "$module"; done
  printf '%s' "$key" | cryptsetup open --type luks --key-file - "$device" root || return 1
  device=/dev/mapper/root
}

# detach_disk: what failed is tried again from the beginning, perhaps with another disk
detach_disk() {
  [ -b /dev/mapper/root ] && cryptsetup close root
  case $(value method) in
    nbd) nbd-client -d /dev/nbd0 >/dev/null 2>&1 ;;
    iscsi) echo 1 > /sys/block/sda/device/delete ;;
  esac
}

# mount_root: the disk itself, or its first partition
mount_root() {
  kind=$(value fstype)
  [ "$kind" = disk ] || { mount -t "$kind" $device /newroot; return; }
  for partition in "${device}p1" "${device}1"; do
    [ -b "$partition" ] && mount "$partition" /newroot && return
  done
  return 1
}

# enclave_round: boots from the disk that the tenant's provisioner shows us, if there is one
enclave_round() {
  fetch "/v1/boot/$mac" > /run/boot || return
  [ "$(cat /run/boot)" != '' ] || return
  say "a disk is exposed by $(value method)"
  key=
  if [ "$(value encryption)" = luks ]; then
    key=$(disk_key) || { say 'the key shares do not fit'; return; }
  fi
  if [ -n "$(value wgPeerKey)" ]; then join_tunnel; fi
  attach_disk || { say 'the disk cannot be attached'; detach_disk; return; }
  if [ -n "$key" ]; then
    open_disk || { say 'the disk cannot be opened'; detach_disk; return; }
  fi
  mount_root || { say 'the disk cannot be mounted'; detach_disk; return; }
  say 'the disk is mounted'
  mkdir -p /run/ocx
  echo "http://$server:8080/v1/boot/$mac/up" > /run/ocx/up
  rm -rf /run/boot /run/attest
  [ -z "${beacons:-}" ] || kill "$beacons"
  for folder in proc sys dev run; do mount --move "/$folder" "/newroot/$folder"; done
  exec switch_root /newroot /sbin/init
}
