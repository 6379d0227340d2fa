# What the node shows in its airlock, after docs/attestation.md. Sourced.
export TPM2TOOLS_TCTI="${TPM2TOOLS_TCTI:-device:/dev/tpmrm0}"
CERTIFICATE=0x1c00002
QUOTED=0,1,2,3,4,5,7,9,11
KEY='fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign|noda'
LOG="${LOG:-/sys/kernel/security/tpm0/binary_bios_measurements}"

has_tpm() { [ -c /dev/tpmrm0 ]; }
text() { base64 -w 0 "$1"; }
# field NAME FILE: a string of a flat JSON object
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$2"; }

# with_policy COMMAND...: with $session, in which the endorsement key may be used
with_policy() {
  tpm2 startauthsession --policy-session -S session.ctx >/dev/null &&
    tpm2 policysecret -S session.ctx -c e >/dev/null &&
    "$@" -P session:session.ctx
  result=$?
  tpm2 flushcontext session.ctx 2>/dev/null
  return $result
}

# The attestation key is exempt from the lockout that power-offs by the switch lead to.
make_keys() {
  tpm2 createek -c ek.ctx -G rsa -u ek.pub >/dev/null &&
    tpm2 nvread "$CERTIFICATE" -o ek.der >/dev/null &&
    with_policy tpm2 create -C ek.ctx -G ecc:ecdsa-sha256:null -a "$KEY" -u ak.pub -r ak.priv >/dev/null &&
    with_policy tpm2 load -C ek.ctx -u ak.pub -r ak.priv -c ak.ctx >/dev/null &&
    printf '{"endorsementKey":"%s","certificate":"%s","intermediates":[],"attestationKey":"%s"}' \
      "$(text ek.pub)" "$(text ek.der)" "$(text ak.pub)" > hello.json &&
    say 'keys are made'
}

# A locked TPM is told, not hidden: the desk answers ATTEST_LOCKED_OUT.
refused() {
  code=$(sed -n 's/.*(\(0x[0-9A-Fa-f]*\)).*/\1/p' activate.log | head -n 1)
  printf '{"responseCode":%d}' "${code:-0x101}" > answer.json
  say "the TPM refuses with ${code:-no code}"
}

quoted() {
  tpm2 quote -c ak.ctx -l "sha256:$QUOTED" -q "$1" -g sha256 -m q.msg -s q.sig >/dev/null 2>activate.log || return 1
  pcrs=$(tpm2 pcrread "sha256:$QUOTED" |
    sed -n 's/^ *\([0-9]*\) *: 0x\([0-9A-Fa-f]*\)$/"\1":"\2"/p' | tr 'A-F\n' 'a-f,')
  printf '{"secret":"%s","quote":"%s","signature":"%s","pcrs":{%s},"eventLog":"%s"}' \
    "$(text secret)" "$(text q.msg)" "$(text q.sig)" "${pcrs%,}" "$(text "$LOG")" > answer.json
}

# airlock_round: says hello; where a quote is asked for, gives it; takes the key share that is there
airlock_round() {
  has_tpm || { say 'there is no TPM'; sleep 5; return; }
  mkdir -p /run/attest && cd /run/attest || return
  [ -f hello.json ] || make_keys || { say 'keys cannot be made'; return; }
  if post /v1/airlock/hello hello.json > invitation.json; then
    say 'a quote is asked for'
    field credential invitation.json | base64 -d > credential
    nonce=$(field nonce invitation.json | tr -cd '0-9a-f')
    if with_policy tpm2 activatecredential -c ak.ctx -C ek.ctx -i credential -o secret \
      >/dev/null 2>activate.log && quoted "$nonce"; then :; else refused; fi
    post /v1/airlock/answer answer.json >/dev/null && say 'evidence is sent'
  fi
  take_key_share
}
