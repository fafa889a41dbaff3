# Runs in the virtual machine: a fleet records while known things are done. What was said of them and what the store has
# go to the disk /dev/vda, as a tar, to be compared outside.
. /checks.sh
. /fleet.sh

# Reads are told of labelled data, connections on request.
configure_collection() {
	mkdir -p /etc/swornlog
	cat >/etc/swornlog/collect.yaml <<-END
		kinds: {connect: true, accept: true, bind: true}
		watch:
		  - label: phi
		    paths: [/tmp/actions/**/read-*]
	END
}
done_and_said() { actions /tmp/said; }
hand_over() { swornlog show --json --all sink/store >events 2>show.log && gzip -1 said events && tar -cf /dev/vda said.gz events.gz && sync; }

check "a fleet is founded and the host enrolled" make_fleet
check "it is told what to collect" configure_collection
check "the sink starts" start_sink
check "the agent starts" start_agent
check "known things are done" done_and_said
check "both end in an orderly way" stop_all
check "the store is verified from the genesis statement" verified
check "the store is handed over" hand_over
exit "$failed"
