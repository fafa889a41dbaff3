#!/bin/bash
# A fleet is founded and a host enrolled; OpenSSL's own command judges the certificates.
# usage: [BIN=build/opt] tests/e2e/enroll_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
swornlog=$(realpath "${BIN:-build/opt}")/swornlog
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0 failed=0

# check SENTENCE COMMAND...: the command succeeds.
check() {
	local sentence=$1
	shift
	if "$@" >out 2>err; then
		passed=$((passed + 1))
		echo "ok - $sentence"
	else
		failed=$((failed + 1))
		echo "not ok - $sentence"
		cat out err | sed 's/^/#   /'
	fi
}

# status WANTED COMMAND...: the command ends with this status.
status() {
	local wanted=$1
	shift
	"$@"
	local got=$?
	[ $got -eq "$wanted" ] || { echo "exit status $got, wanted $wanted"; return 1; }
}

# says TEXT COMMAND...: the output holds the text.
says() {
	local text=$1
	shift
	"$@" 2>&1 | grep -F -- "$text"
}

mode_is() { [ "$(stat -c %a "$2")" = "$1" ] || { stat -c '%n %a' "$2"; return 1; }; }
all_modes_are() { local m=$1 f; shift; for f in "$@"; do mode_is "$m" "$f" || return 1; done; }
lacks() { ! grep -qF -- "$1" "$2"; }
unchanged() { sha256sum --quiet -c sums; }
spki() { openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1; }
key_fits() { [ "$(openssl x509 -in "$1" -noout -pubkey)" = "$(openssl pkey -in "$2" -pubout)" ]; }
days_left() {
	local end now
	end=$(date -d "$(openssl x509 -in "$1" -noout -enddate | cut -d= -f2)" +%s) now=$(date +%s)
	local days=$(((end - now + 43200) / 86400))
	[ $days -ge "$2" ] && [ $days -le "$3" ] || { echo "$days days"; return 1; }
}

check 'a fleet is founded' "$swornlog" fleet init fleet --fleet acme --admin ann --auditor bob --sink-name sink.example,192.0.2.7
check 'secrets are readable by their owner alone' all_modes_are 600 fleet/{admin-ann,auditor-bob,fleet-log,ca,sink}.key
check 'the folder is its owner'"'"'s alone' mode_is 700 fleet
check 'what is handed out is readable by all' all_modes_are 644 fleet/{genesis,ca.crt,sink.crt}
check 'the genesis statement names the administrator' grep -q '^admin acme/admin/ann+' fleet/genesis
check 'both people signed it' test "$(grep -c '^— acme/' fleet/genesis)" = 2

check 'the CA certificate signs itself' openssl verify -x509_strict -CAfile fleet/ca.crt fleet/ca.crt
check 'it may sign certificates and nothing below may' says 'CA:TRUE, pathlen:0' openssl x509 -in fleet/ca.crt -noout -ext basicConstraints
check 'it lasts ten years' days_left fleet/ca.crt 3650 3654
check 'the CA key fits its certificate' key_fits fleet/ca.crt fleet/ca.key
check 'the sink certificate is the CA'"'"'s, for servers' openssl verify -x509_strict -purpose sslserver -CAfile fleet/ca.crt fleet/sink.crt
check 'and for clients, which it is to witnesses' openssl verify -x509_strict -purpose sslclient -CAfile fleet/ca.crt fleet/sink.crt
check 'it lasts a year' days_left fleet/sink.crt 364 366
check 'it holds the sink'"'"'s URI and names' says 'URI:swornlog://acme/sink, DNS:sink.example, IP Address:192.0.2.7' openssl x509 -in fleet/sink.crt -noout -ext subjectAltName
check 'the sink'"'"'s key fits' key_fits fleet/sink.crt fleet/sink.key
check 'the sink'"'"'s key is P-256' says 'prime256v1' openssl pkey -in fleet/sink.key -noout -text

sha256sum fleet/* >sums
check 'a second founding is refused' status 3 "$swornlog" fleet init fleet --fleet acme --admin ann --auditor bob
check 'and says what is in the way' says 'fleet/admin-ann.key is there already and is not overwritten' "$swornlog" fleet init fleet --fleet acme --admin ann --auditor bob
check 'a founding that fails halfway leaves nothing new' status 3 "$swornlog" fleet init fleet --fleet acme --admin zoe --auditor yan
check 'the other administrator is gone again' test ! -e fleet/admin-zoe.key
check 'and nothing was changed' unchanged

check 'a host asks to be enrolled' "$swornlog" enroll request host --fleet acme --host web-1
check 'its keys are its owner'"'"'s alone' all_modes_are 600 host/identity.key host/host.key
check 'the request holds no secret' lacks PRIVATE host/request
sha256sum host/* >sums
check 'a second request does not overwrite the keys' status 3 "$swornlog" enroll request host --fleet acme --host web-1
check 'the keys are the same' unchanged

check 'the request is approved' "$swornlog" enroll approve fleet host/request --out handout
check 'the host gets the genesis statement' cmp fleet/genesis handout/genesis
check 'the host gets the CA certificate' cmp fleet/ca.crt handout/ca.crt
check 'the host certificate is the CA'"'"'s, for clients' openssl verify -x509_strict -purpose sslclient -CAfile fleet/ca.crt handout/host.crt
check 'it is not for servers' status 2 openssl verify -purpose sslserver -CAfile fleet/ca.crt handout/host.crt
check 'it lasts a year as well' days_left handout/host.crt 364 366
check 'it holds the host'"'"'s URI and no other name' says '    URI:swornlog://acme/host/web-1' openssl x509 -in handout/host.crt -noout -ext subjectAltName
check 'it is of the key that stayed on the host' key_fits handout/host.crt host/host.key
check 'the enrolment names the key as OpenSSL hashes it' grep -qx "certificate $(spki handout/host.crt)" handout/enrol
check 'the enrolment names the host'"'"'s identity' grep -qxF "$(grep '^identity ' host/request)" handout/enrol
check 'approving again does not overwrite' status 3 "$swornlog" enroll approve fleet host/request --out handout

sed 's/^host web-1$/host web-2/' host/request >forged
check 'a request that was changed is refused' status 3 "$swornlog" enroll approve fleet forged --out nowhere
check 'and nothing is handed out' test ! -e nowhere
"$swornlog" enroll request alien --fleet other --host web-1 >/dev/null
check 'a request for another fleet is refused' says 'asks for fleet other' "$swornlog" enroll approve fleet alien/request --out nowhere
mkdir away && mv fleet/auditor-bob.key away/
check 'an enrolment without the auditor is refused' says '1 administrator(s) and 1 auditor(s)' "$swornlog" enroll approve fleet host/request --out nowhere
mv away/auditor-bob.key fleet/ && printf 'PRIVATE+KEY+rubbish\n' >fleet/admin-ann.key
check 'a damaged key is named' says 'fleet/admin-ann.key is no key' "$swornlog" enroll approve fleet host/request --out nowhere

check 'a name that is none is refused' status 2 "$swornlog" fleet init x --fleet 'Acme Inc'
check 'a sink name that is none is refused' says "'sink,,x' is not a list" "$swornlog" fleet init x --fleet acme --sink-name sink,,x
check 'and leaves nothing behind' rmdir x
check 'an unknown option is refused' status 2 "$swornlog" enroll request y --fleet acme --hots web
check 'an unknown command is refused' status 2 "$swornlog" enrol
check 'a full disk is not success' status 3 bash -c "'$swornlog' --help >/dev/full"
check 'submitting without a sink says so' says 'No such file' "$swornlog" enroll submit handout/enrol --control "$work/none.sock"

python3 - <<'PY' &
import socket
s = socket.socket(socket.AF_UNIX)
s.bind("control.sock"); s.listen()
for answer in (b"ok 12\n", b"error this host is enrolled\x1b[2J already\n", b"o"):
    c, _ = s.accept()
    head = b""
    while not head.endswith(b"\n"):
        head += c.recv(1)
    size = int(head.split()[1]); body = b""
    while len(body) < size:
        body += c.recv(size - len(body))
    assert head == b"statement %d\n" % size and body == open("handout/enrol", "rb").read()
    c.sendall(answer); c.close()
PY
sink=$!
until [ -S control.sock ] || ! kill -0 $sink; do sleep 0.05; done
check 'an enrolment is submitted' says 'entry 12 of the fleet log' "$swornlog" enroll submit handout/enrol --control control.sock
check 'a refusal is told, without control characters' says 'this host is enrolled\x1b[2J already' "$swornlog" enroll submit handout/enrol --control control.sock
check 'half an answer is a failure' status 3 "$swornlog" enroll submit handout/enrol --control control.sock
wait $sink

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
