#!/bin/sh
# A scripted `rbd` with the refusals that the manual of the real one names. Images are folders beside
# it. A file `fail` with a command and a code makes the next such command fail with that code, after
# doing its work where the code ends with `late`.
here=$(dirname "$0")
[ "$1" = --conf ] && [ "$3" = --id ] || exit 22
shift 4
words=
for word in "$@"; do
  case $word in
    --no-progress | --image-format | --format | 2 | json) ;;
    *) words="$words $word" ;;
  esac
done
# shellcheck disable=SC2086
set -- $words
folder() { echo "$here/images/$(echo "${1%@*}" | tr / _)"; }
late=
if grep -qs "^$1 " "$here/fail"; then
  code=$(cut -d' ' -f2 "$here/fail")
  rm "$here/fail"
  late=${code%late}
  [ "$late" = "$code" ] && exit "$code"
fi
last() { eval "echo \${$#}"; }
image=$(folder "$(last "$@")")
snapshot=$(last "$@" | sed -n 's/.*@//p')
case "$1 $2" in
  import*)
    [ -d "$image" ] && exit 17
    mkdir -p "$image/snaps" && cp "$2" "$image/content" && echo "id$$" > "$image/id" ;;
  info*)
    [ -d "$image" ] || exit 2
    printf '{"id":"%s"}\n' "$(cat "$image/id")" ;;
  'snap ls')
    [ -d "$image" ] || exit 2
    printf '['
    comma=
    for file in "$image/snaps"/*; do
      [ -f "$file" ] || continue
      printf '%s{"name":"%s","protected":"%s"}' "$comma" "$(basename "$file")" "$(cat "$file")"
      comma=,
    done
    printf ']\n' ;;
  'snap create')
    [ -f "$image/snaps/$snapshot" ] && exit 17
    echo false > "$image/snaps/$snapshot" ;;
  'snap protect') echo true > "$image/snaps/$snapshot" ;;
  'snap unprotect')
    grep -qsx "$(basename "$image")@$snapshot" "$here"/images/*/parent && exit 16
    echo false > "$image/snaps/$snapshot" ;;
  'snap rm')
    [ "$(cat "$image/snaps/$snapshot")" = true ] && exit 16
    rm "$image/snaps/$snapshot" ;;
  clone*)
    parent=$(folder "$2")
    [ "$(cat "$parent/snaps/${2#*@}")" = true ] || exit 22
    [ -d "$image" ] && exit 17
    mkdir -p "$image/snaps" && echo "id$$" > "$image/id"
    echo "$(basename "$parent")@${2#*@}" > "$image/parent" ;;
  rm*)
    [ -d "$image" ] || exit 2
    [ -n "$(ls "$image/snaps")" ] && exit 39
    rm -r "$image" ;;
  *) exit 22 ;;
esac
[ -n "$late" ] && exit "$late"
exit 0
