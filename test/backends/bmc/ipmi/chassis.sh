# A node behind an emulated BMC, with its state in files beside this one and the faults of real ones.
# Sourced; $here is its folder. Nothing but what the shell has itself, so that it is quick.

# recall NAME DEFAULT: what is kept under the name, in $value
recall() {
  value=
  [ -f "$here/$1" ] && read -r value < "$here/$1"
  value=${value:-$2}
}

keep() { echo "$2" > "$here/$1"; }

# take NAME: whether the fault happens now
take() {
  recall "fault-$1" 0
  [ "$value" -gt 0 ] || return 1
  keep "fault-$1" $((value - 1))
}

# really on|off
really() {
  recall power off
  [ "$value" = "$1" ] && return 0
  if [ "$1" = on ]; then
    recall boot none
    echo "$value" >> "$here/boots"
    keep boot none
  elif take offEarly; then
    keep dropsOn 1
  fi
  keep power "$1"
}

# ask on|off: as the BMC is asked
ask() {
  echo "$1" >> "$here/asked"
  take dropped && return 0
  if [ "$1" = on ]; then
    recall dropsOn 0
    keep dropsOn 0
    [ "$value" = 1 ] && return 0
  fi
  if take lies; then keep lie "$1"; return 0; fi
  if take late; then keep pending "$1"; keep readingsLeft 3; return 0; fi
  really "$1"
}

# tell: what the BMC says about the power, in $value
tell() {
  recall pending none
  if [ "$value" != none ]; then
    wanted=$value
    recall readingsLeft 0
    keep readingsLeft $((value - 1))
    if [ "$value" -le 1 ]; then keep pending none; really "$wanted"; fi
  fi
  recall lie none
  if [ "$value" != none ]; then keep lie none; else recall power off; fi
}

choose() { take forgetsBoot || keep boot "$1"; }
