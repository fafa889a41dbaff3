# Runs in the virtual machine, in a Debian with real login programs: people come and go while a fleet records. Before each
# step a user message names it, so that what comes after is known to be of it. What each session said of itself and what
# the store has go to the disk /dev/vdb, as a tar, to be compared outside.
. /checks.sh
. /fleet.sh

ssh_options="-p 2222 -i /root/.ssh/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o IdentitiesOnly=yes"
# A session says who it is: its name, login uid, session and terminal.
tell='echo said NAME $(cat /proc/self/loginuid) $(cat /proc/self/sessionid) $(tty <&2)'

step() { auditctl -m "sworn step $1" >/dev/null; }
told() { tr -d '\r' | sed -n 's/\x1b\[[?0-9]*[a-z]//g; s/^Password: //; s/^said //p' >>said; }
telling() { echo "${tell/NAME/$1}"; }

# Labelled data that the tester may read, and others beside it.
make_records() {
	mkdir -p /etc/swornlog /srv/phi
	echo 'the patient is well' >/srv/phi/record
	echo 'nothing of note' >/srv/plain
	printf 'watch:\n  - label: phi\n    paths: [/srv/phi]\n' >/etc/swornlog/collect.yaml
}

start_sshd() {
	mkdir -p /run/sshd
	/usr/sbin/sshd -p 2222 -o LogLevel=ERROR -o ListenAddress=127.0.0.1 && wait_until bash -c ': </dev/tcp/127.0.0.1/2222'
}

key_login() {
	step key
	ssh $ssh_options tester@127.0.0.1 "$(telling key); ls /etc/hostname; sh -c 'exit 3'" </dev/null | told
	grep -q '^key 1000 ' said
}
terminal_login() {
	step terminal
	ssh -tt $ssh_options tester@127.0.0.1 "$(telling terminal); stty size; cat /srv/phi/record /srv/plain" </dev/null | told
	grep -q '^terminal 1000 [0-9]* /dev/pts/' said
}
# No person is there to type.
with_password() {
	printf '#!/bin/sh\necho "%s"\n' "$1" >/tmp/ask
	chmod 755 /tmp/ask
	SSH_ASKPASS=/tmp/ask SSH_ASKPASS_REQUIRE=force ssh $ssh_options -o PreferredAuthentications=password \
		-o NumberOfPasswordPrompts=1 -o PubkeyAuthentication=no tester@127.0.0.1 "$2" </dev/null
}
wrong_password() {
	step wrong-password
	! with_password wrong true
}
password_login() {
	step password
	with_password correct-horse "$(telling password)" | told
	grep -q '^password 1000 ' said
}
unknown_user() {
	step unknown-user
	! ssh $ssh_options nosuch@127.0.0.1 true </dev/null
}
inside() { ssh -tt $ssh_options tester@127.0.0.1 "$1" </dev/null; }
sudo_allowed() {
	step sudo
	inside "$(telling sudo); echo correct-horse | sudo -S -p '' /usr/bin/id; head -c 1 /srv/phi/record" | tee out | told
	grep -q 'uid=0(root)' out
}
sudo_refused() {
	step sudo-refused
	! inside "$(telling sudo-refused); echo correct-horse | sudo -S -p '' /usr/bin/whoami" >out && told <out
}
sudo_wrong() {
	step sudo-wrong-password
	! inside "$(telling sudo-wrong-password); yes wrong | sudo -S -p '' /usr/bin/id" >out && told <out
}
su_allowed() {
	step su
	inside "echo battery-staple | su root -c '$(telling su | tr -d \')'" | told
	grep -q '^su 1000 ' said
}
su_refused() {
	step su-refused
	! inside "$(telling su-refused); echo wrong | su root -c true" >out && told <out
}
terminal_of_login() {
	step login
	PASSWORD=correct-horse COMMAND="$(telling login)" expect /login.expect login tester | told
	grep -q '^login 1000 [0-9]* /dev/pts/' said
}
wrong_login() {
	step login-wrong-password
	PASSWORD=wrong COMMAND=true expect /login.expect login tester >/dev/null
	[ $? = 4 ]
}
accounts() {
	step accounts
	groupadd newgroup && useradd -m newuser && usermod -aG newgroup newuser && printf 'secret-one\nsecret-one\n' | passwd newuser 2>/dev/null &&
		userdel -r newuser 2>/dev/null && groupdel newgroup
}
# What the kernel itself reports, without a rule.
anomalies() {
	step configuration
	auditctl -r 1000 >/dev/null && auditctl -r 0 >/dev/null || return 1
	step crash
	! bash -c 'kill -SEGV $$' 2>/dev/null
	step promiscuous
	ip link set lo promisc on && ip link set lo promisc off
}
over() {
	step over
	# Everything that was said before has come through when this one has.
	wait_until sees_step over
}
sees_step() { swornlog show --json sink/store 2>/dev/null | grep -q "sworn step $1"; }
# The account of each session that said who it is.
show_sessions() {
	while read -r name _ session _; do
		swornlog show --json --session "$session" sink/store >"session-$name" 2>>show.log || return 1
	done <said
}
hand_over() { swornlog show --json --all sink/store >events 2>show.log && tar -cf /dev/vdb said events session-* && sync; }

: >said
make_records
check "a fleet is founded and the host enrolled" make_fleet
check "the sink starts" start_sink
check "the agent starts" start_agent
check "sshd listens" start_sshd
check "a key opens a session without a terminal" key_login
check "a key opens a session with a terminal" terminal_login
check "a wrong password does not" wrong_password
check "the right one does" password_login
check "an unknown user does not come in" unknown_user
check "sudo runs what is allowed" sudo_allowed
check "sudo refuses what is not" sudo_refused
check "sudo refuses a wrong password" sudo_wrong
check "su changes the user" su_allowed
check "su refuses a wrong password" su_refused
check "login opens a session on a terminal" terminal_of_login
check "login refuses a wrong password" wrong_login
check "accounts are made and removed" accounts
check "the kernel has something to report" anomalies
check "all of it arrives" over
check "both end in an orderly way" stop_all
check "the store is verified from the genesis statement" verified
check "each session's account is shown" show_sessions
check "the store is handed over" hand_over
exit "$failed"
