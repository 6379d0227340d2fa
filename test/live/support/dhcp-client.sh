#!/bin/sh
# What busybox's udhcpc was told, as lines `name=value`.
[ "$1" = bound ] || exit 0
printf 'ip=%s\nrouter=%s\nsiaddr=%s\nboot_file=%s\nvendor=%s\n' "$ip" "$router" "$siaddr" "$boot_file" "$opt60"
