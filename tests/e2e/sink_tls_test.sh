#!/bin/bash
# Who may talk to the sink: certificates, TLS versions, paths, methods and heads that must be refused, before any
# body is looked at, and that the sink goes on serving the host that it knows.
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=$(cd "${BIN:-build/opt}" && pwd) || exit 1
dir=$(mktemp -d /tmp/sink-tls-test.XXXXXX)
passed=0 failed=0 pid=''

finish() {
	[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT

check() { # WHAT WANTED GOT
	if [[ $3 == $2 ]]; then
		echo "ok $1"
		passed=$((passed + 1))
	else
		echo "not ok $1: wanted '$2', got '$3'"
		failed=$((failed + 1))
	fi
}

quietly() { "$@" >>"$dir/made.log" 2>&1 || { cat "$dir/made.log"; echo "can't set up: $*"; exit 1; }; }

# A certificate NAME for a new key, or for KEY, by the CA in the folder; EXTENSIONS are openssl's.
issue() { # NAME CA-FOLDER KEY EXTENSIONS [FROM TO]
	local name=$1 ca=$2 key=$3
	if [ -z "$key" ]; then
		key=$dir/$name.key
		quietly openssl genpkey -algorithm ed25519 -out "$key"
	fi
	printf '%s\n' "$4" >"$dir/$name.ext"
	quietly openssl req -new -key "$key" -subj "/CN=$name" -out "$dir/$name.csr"
	if [ $# -gt 4 ]; then
		: >"$dir/index.txt"
		printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nnew_certs_dir=%s\ndefault_md=default\npolicy=p\nrand_serial=yes\nunique_subject=no\n[p]\ncommonName=supplied\n' \
			"$dir/index.txt" "$dir" >"$dir/ca.cnf"
		quietly openssl ca -batch -config "$dir/ca.cnf" -cert "$ca/ca.crt" -keyfile "$ca/ca.key" -in "$dir/$name.csr" \
			-out "$dir/$name.crt" -extfile "$dir/$name.ext" -startdate "$5" -enddate "$6" -notext
	else
		quietly openssl x509 -req -in "$dir/$name.csr" -CA "$ca/ca.crt" -CAkey "$ca/ca.key" -days 30 \
			-extfile "$dir/$name.ext" -out "$dir/$name.crt"
	fi
}

make_fleet() {
	local f h
	for f in acme umbrella; do
		quietly "$bin/swornlog" fleet init "$dir/$f" --fleet $f --sink-name localhost,127.0.0.1
	done
	for h in web1 web2 web3; do
		quietly "$bin/swornlog" enroll request "$dir/$h" --fleet acme --host $h
		quietly "$bin/swornlog" enroll approve "$dir/acme" "$dir/$h/request" --out "$dir/$h"
	done
	quietly "$bin/swornlog" enroll request "$dir/evil" --fleet umbrella --host web1
	quietly "$bin/swornlog" enroll approve "$dir/umbrella" "$dir/evil/request" --out "$dir/evil"
}

start_sink() {
	cat >"$dir/sink.yaml" <<-EOF
		store: $dir/store
		listen: 127.0.0.1:0
		certificate: $dir/acme/sink.crt
		key: $dir/acme/sink.key
		ca: $dir/acme/ca.crt
		genesis: $dir/acme/genesis
		log_key: $dir/acme/fleet-log.key
		control: $dir/control.sock
	EOF
	"$bin/swornlog-sink" --config "$dir/sink.yaml" 2>"$dir/sink.log" &
	pid=$!
	for _ in $(seq 100); do
		grep -q 'listening on' "$dir/sink.log" && break
		sleep 0.1
	done
	port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$dir/sink.log")
	[ -n "$port" ] || { cat "$dir/sink.log"; echo "the sink does not start"; exit 1; }
	quietly "$bin/swornlog" enroll submit "$dir/web1/enrol" --control "$dir/control.sock"
	quietly "$bin/swornlog" enroll submit "$dir/web2/enrol" --control "$dir/control.sock"
}

# The status of a request; 000 when there was no answer at all.
with() { # CERT KEY curl-arguments...
	local cert=$1 key=$2
	shift 2
	set -- "$@" --cacert "$dir/acme/ca.crt" -sS -o "$dir/answer" -w '%{http_code}' --max-time 10
	[ -z "$cert" ] || set -- "$@" --cert "$cert" --key "$key"
	curl "$@" 2>"$dir/curl.log"
}

as_web1() { with "$dir/web1/host.crt" "$dir/web1/host.key" "$@"; }

append=(-H 'Swornlog-Fleet-Size: 0' --data-binary junk)

# The first line of the answer to raw bytes, as web1.
raw() { # BYTES [openssl-arguments...]
	local bytes=$1
	shift
	{ printf "$bytes"; sleep 0.7; } | timeout 10 openssl s_client -quiet -connect "127.0.0.1:$port" -CAfile "$dir/acme/ca.crt" \
		-cert "$dir/web1/host.crt" -key "$dir/web1/host.key" "$@" 2>/dev/null | tr -d '\r' | sed -n 1p
}

uri=URI:swornlog://acme/host/web1
client='extendedKeyUsage=clientAuth'

make_fleet
start_sink
url=https://localhost:$port
path=/v1/hosts/web1/append

known() { as_web1 "$url$path" "${append[@]}"; }

check "the enrolled host is heard (its junk is malformed)" 400 "$(known)"
check "the answer is an error of the protocol" 'swornlog-error/v1 malformed*' "$(tr '\n' ' ' <"$dir/answer")"

# Certificates
check "another enrolled host's certificate on this host's path" 403 "$(with "$dir/web2/host.crt" "$dir/web2/host.key" "$url$path" "${append[@]}")"
check "a host that was approved but not submitted" 403 "$(with "$dir/web3/host.crt" "$dir/web3/host.key" "$url/v1/hosts/web3/append" "${append[@]}")"
check "no certificate" 000 "$(with '' '' "$url$path" "${append[@]}")"
check "a certificate of another CA, for the same host name" 000 "$(with "$dir/evil/host.crt" "$dir/evil/host.key" "$url$path" "${append[@]}")"
issue rekeyed "$dir/acme" '' "subjectAltName=$uri"$'\n'"$client"
check "the right name by the right CA, but a key that nobody enrolled" 403 "$(with "$dir/rekeyed.crt" "$dir/rekeyed.key" "$url$path" "${append[@]}")"
issue reissued "$dir/acme" "$dir/web1/host.key" "subjectAltName=$uri"$'\n'"$client"
check "the enrolled key in a newer certificate" 400 "$(with "$dir/reissued.crt" "$dir/web1/host.key" "$url$path" "${append[@]}")"
issue expired "$dir/acme" "$dir/web1/host.key" "subjectAltName=$uri"$'\n'"$client" 20200101000000Z 20200201000000Z
check "the enrolled key in an expired certificate" 000 "$(with "$dir/expired.crt" "$dir/web1/host.key" "$url$path" "${append[@]}")"
issue early "$dir/acme" "$dir/web1/host.key" "subjectAltName=$uri"$'\n'"$client" 20900101000000Z 20910101000000Z
check "the enrolled key in a certificate that is not valid yet" 000 "$(with "$dir/early.crt" "$dir/web1/host.key" "$url$path" "${append[@]}")"
issue server "$dir/acme" "$dir/web1/host.key" "subjectAltName=$uri"$'\n''extendedKeyUsage=serverAuth'
check "the enrolled key in a server's certificate" 000 "$(with "$dir/server.crt" "$dir/web1/host.key" "$url$path" "${append[@]}")"
check "the sink's own certificate" '[04]0[03]' "$(with "$dir/acme/sink.crt" "$dir/acme/sink.key" "$url$path" "${append[@]}")"
issue nameless "$dir/acme" "$dir/web1/host.key" "$client"
check "the enrolled key in a certificate without a name" '[04]0[03]' "$(with "$dir/nameless.crt" "$dir/web1/host.key" "$url$path" "${append[@]}")"
issue twonames "$dir/acme" "$dir/web1/host.key" "subjectAltName=$uri,URI:swornlog://acme/host/web2"$'\n'"$client"
check "the enrolled key in a certificate of two names" '[04]0[03]' "$(with "$dir/twonames.crt" "$dir/web1/host.key" "$url$path" "${append[@]}")"
issue elsewhere "$dir/acme" "$dir/web1/host.key" "subjectAltName=URI:swornlog://umbrella/host/web1"$'\n'"$client"
check "the enrolled key in another fleet's name" 403 "$(with "$dir/elsewhere.crt" "$dir/web1/host.key" "$url$path" "${append[@]}")"
issue longer "$dir/acme" "$dir/web1/host.key" "subjectAltName=URI:swornlog://acme/host/web1x"$'\n'"$client"
check "the enrolled key in a longer name" 403 "$(with "$dir/longer.crt" "$dir/web1/host.key" "$url$path" "${append[@]}")"
issue upper "$dir/acme" "$dir/web1/host.key" "subjectAltName=URI:swornlog://acme/host/WEB1"$'\n'"$client"
check "the enrolled key in an upper case name" 403 "$(with "$dir/upper.crt" "$dir/web1/host.key" "$url$path" "${append[@]}")"
quietly openssl req -x509 -key "$dir/web1/host.key" -subj /CN=web1 -addext "subjectAltName=$uri" -addext "$client" -days 30 -out "$dir/self.crt"
check "the enrolled key in a certificate signed by itself" 000 "$(with "$dir/self.crt" "$dir/web1/host.key" "$url$path" "${append[@]}")"

# TLS
for v in 1.0 1.1 1.2; do
	check "TLS $v" 000 "$(as_web1 --tls-max $v "$url$path" "${append[@]}")"
done
check "plain text on the TLS port" 000 "$(with '' '' "http://localhost:$port$path" "${append[@]}")"
check "no session can be resumed" 0 "$({ sleep 0.5; } | timeout 10 openssl s_client -connect "127.0.0.1:$port" -CAfile "$dir/acme/ca.crt" \
	-cert "$dir/web1/host.crt" -key "$dir/web1/host.key" 2>/dev/null | grep -c 'Post-Handshake New Session Ticket')"
head -c 100000 /dev/urandom | timeout 10 bash -c "cat >/dev/tcp/127.0.0.1/$port" 2>/dev/null
check "after random bytes the known host is heard" 400 "$(known)"

# Paths and methods
for m in GET PUT DELETE OPTIONS PATCH; do
	check "$m" 405 "$(as_web1 -X $m "$url$path")"
done
check "HEAD" 405 "$(as_web1 -I "$url$path")"
for p in / /v1 /v1/hosts/web1 /v1/hosts/web1/entries "$path/" "$path?x=1" /v1/hosts//append /v1/hosts/web1/../web1/append \
	/v1/hosts/%77eb1/append /v2/hosts/web1/append /v1/hosts/WEB1/append; do
	check "path $p" 404 "$(as_web1 --path-as-is "$url$p" "${append[@]}")"
done
check "another host's path" 403 "$(as_web1 "$url/v1/hosts/web2/append" "${append[@]}")"

# Heads
check "no fleet size" 400 "$(as_web1 "$url$path" --data-binary junk)"
for n in -1 01 abc 9223372036854775808 '0 0'; do
	check "fleet size '$n'" 400 "$(as_web1 "$url$path" -H "Swornlog-Fleet-Size: $n" --data-binary junk)"
done
check "chunked" 400 "$(as_web1 "$url$path" -H 'Transfer-Encoding: chunked' "${append[@]}")"
check "an empty body" 400 "$(as_web1 "$url$path" -H 'Swornlog-Fleet-Size: 0' --data-binary '')"
head -c 8388609 /dev/zero >"$dir/big"
check "a body of one byte too many" 413 "$(as_web1 "$url$path" -H 'Swornlog-Fleet-Size: 0' -H Expect: --data-binary @"$dir/big")"
head -c 8388608 /dev/zero >"$dir/big"
check "a body of the greatest length comes through" 400 "$(as_web1 "$url$path" -H 'Swornlog-Fleet-Size: 0' --data-binary @"$dir/big")"
check "HTTP/1.0" 'HTTP/1.1 400 *' "$(raw "POST $path HTTP/1.0\r\nContent-Length: 1\r\n\r\nx")"
check "two lengths" 'HTTP/1.1 400 *' "$(raw "POST $path HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\nSwornlog-Fleet-Size: 0\r\n\r\nx")"
check "two fleet sizes" 'HTTP/1.1 400 *' "$(raw "POST $path HTTP/1.1\r\nContent-Length: 1\r\nSwornlog-Fleet-Size: 0\r\nSwornlog-Fleet-Size: 0\r\n\r\nx")"
check "a length that is no number" 'HTTP/1.1 400 *' "$(raw "POST $path HTTP/1.1\r\nContent-Length: +1\r\nSwornlog-Fleet-Size: 0\r\n\r\nx")"
check "a folded line" 'HTTP/1.1 400 *' "$(raw "POST $path HTTP/1.1\r\nA: b\r\n c\r\nContent-Length: 1\r\n\r\nx")"
check "lines without carriage return" '' "$(raw "POST $path HTTP/1.1\nContent-Length: 1\n\nx")"
check "a space before the colon" 'HTTP/1.1 400 *' "$(raw "POST $path HTTP/1.1\r\nContent-Length : 1\r\n\r\nx")"
check "a NUL in the head" 'HTTP/1.1 400 *' "$(raw "POST $path HTTP/1.1\r\nA: \\\\0\r\nContent-Length: 1\r\n\r\nx" 2>/dev/null | sed 's/^$/none/')"
check "a head of 9,000 bytes" 'HTTP/1.1 400 *' "$(raw "POST $path HTTP/1.1\r\nA: $(head -c 9000 /dev/zero | tr '\0' a)\r\n\r\n")"
check "two requests at once get two answers" 2 "$(one="POST $path HTTP/1.1\r\nContent-Length: 4\r\nSwornlog-Fleet-Size: 0\r\n\r\njunk"
	{ printf "$one$one"; sleep 0.7; } | timeout 10 openssl s_client -quiet -connect "127.0.0.1:$port" -CAfile "$dir/acme/ca.crt" \
		-cert "$dir/web1/host.crt" -key "$dir/web1/host.key" 2>/dev/null | grep -c 'HTTP/1.1 400')"

# Peers that only take up room
for i in $(seq 100); do
	exec {fd}<>"/dev/tcp/127.0.0.1/$port" || break
done
check "with 100 silent connections the known host is heard" 400 "$(known)"

# The end
kill -TERM $pid
wait $pid
check "the sink stops in good order" 0 $?
pid=''
check "the store verifies" '*verified*' "$("$bin/swornlog" verify --anchor "$dir/acme/genesis" "$dir/store" 2>&1 | tail -n 1)"
check "the log complains of nothing" 0 "$(grep -c -i -e sanitizer -e 'runtime error' -e 'could not' "$dir/sink.log")"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
