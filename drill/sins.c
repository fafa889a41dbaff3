#include "drill/sin.h"
#include "evidence/entry.h"
#include "verify/finding.h"

#define V(verdict) (1u << VERDICT_##verdict)
#define STORE(mask, called)                                                                                  \
	{                                                                                                    \
		.kind = CHECK_STORE, .verdicts = (mask), .words = "verify: " called                          \
	}
#define SPOOL(mask, called)                                                                                  \
	{                                                                                                    \
		.kind = CHECK_SPOOL, .verdicts = (mask), .words = "verify SPOOL: " called                    \
	}
#define ANSWER(status, told, called)                                                                         \
	{                                                                                                    \
		.kind = CHECK_ANSWER, .number = (status), .word = (told), .words = called                    \
	}
#define SILENT                                                                                               \
	{                                                                                                    \
		.kind = CHECK_SILENT, .words = "sink: host silent"                                           \
	}
#define ALARM(told, called)                                                                                  \
	{                                                                                                    \
		.kind = CHECK_ALARM, .word = (told), .words = called                                         \
	}
#define SENSOR(what)                                                                                         \
	{                                                                                                    \
		.kind = CHECK_ENTRY, .number = KIND_SENSOR, .word = (what),                                  \
		.words = "host log: sensor " what                                                            \
	}
#define ENTRY(of_kind, called)                                                                               \
	{                                                                                                    \
		.kind = CHECK_ENTRY, .number = (of_kind), .words = called                                    \
	}

/* What each group of sins is evidence for. */
#define UNCHANGED                                                                                            \
	"NIST AU-9, AU-9(3); HIPAA 164.312(c)(1), (c)(2); SOC 2 CC7.2; ISO 27001 A.5.33, A.8.15; PCI DSS "   \
	"10.3.2, 10.3.4"
#define KEPT    "NIST AU-9, AU-11; HIPAA 164.312(c)(1); SOC 2 CC7.2; ISO 27001 A.5.33; PCI DSS 10.3.2, 10.5.1"
#define TIMED   "NIST AU-8, AU-9; HIPAA 164.312(c)(1); ISO 27001 A.8.17; PCI DSS 10.3.4"
#define GENUINE "NIST AU-9(3), AU-12; HIPAA 164.312(d); SOC 2 CC6.1; ISO 27001 A.5.28, A.8.15; PCI DSS 10.3.2"
#define HEARD   "NIST AU-5, AU-12; HIPAA 164.312(b); SOC 2 CC7.2; ISO 27001 A.8.15, A.8.16; PCI DSS 10.7.2"
#define DUTIES                                                                                               \
	"NIST AC-5, AU-9(4); HIPAA 164.312(c)(1); SOC 2 CC6.3; ISO 27001 A.5.3, A.5.33; PCI DSS 10.3.2, "    \
	"10.3.3"

#define READ_S  10 /* a verification */
#define AWAY_S  20 /* silence is noticed after five seconds, and told in the store */
#define AGAIN_S 40 /* the agent or the sink has to come back first */
#define QUIET_S 8
#define CALM_S  3

static const struct sin sins[] = {
	{ "alter-entry", "change a byte of a stored entry, and make all framing fit again", NEED_STORE,
	  STORE(V(ALTERED), "altered"), READ_S, 0, UNCHANGED, sin_alter_entry },
	{ "delete-batch", "take a batch out of the middle of a host's log", NEED_STORE,
	  STORE(V(MISSING), "missing"), READ_S, 0, UNCHANGED, sin_delete_batch },
	{ "reorder", "swap two batches of a host", NEED_STORE,
	  STORE(V(MISSING) | V(ALTERED), "missing or altered"), READ_S, 0, UNCHANGED, sin_reorder },
	{ "replay-batch", "put an old batch in the place of a newer one", NEED_STORE,
	  STORE(V(MISSING), "missing"), READ_S, 0, UNCHANGED, sin_replay_batch },
	{ "forge-seal", "seal a stored batch anew with a key of one's own", NEED_STORE,
	  STORE(V(WRONGLY_SEALED), "wrongly-sealed"), READ_S, 0, GENUINE, sin_forge_seal },
	{ "backdate", "set the time of a commit back by an hour", NEED_STORE, STORE(V(ALTERED), "altered"),
	  READ_S, 0, TIMED, sin_backdate },
	{ "forge-checkpoint", "sign a checkpoint of the fleet log with another key", NEED_STORE,
	  STORE(V(WRONGLY_SEALED), "wrongly-sealed"), READ_S, 0, GENUINE, sin_forge_checkpoint },
	{ "truncate-tail", "cut whole commits off the end", NEED_STORE, STORE(V(TRUNCATED), "truncated"),
	  READ_S, 0, KEPT, sin_truncate_tail },
	{ "tear-tail", "cut the last record off in its middle", NEED_STORE, STORE(V(TORN), "torn"), READ_S, 0,
	  KEPT, sin_tear_tail },
	{ "delete-file", "as the sink's administrator, delete the newest journal", NEED_STORE,
	  STORE(V(TRUNCATED) | V(MISSING), "truncated or missing"), READ_S, 0, DUTIES, sin_delete_file },
	{ "alter-genesis", "change the genesis statement that names who may do what", NEED_STORE,
	  STORE(V(ALTERED), "altered"), READ_S, 0, DUTIES, sin_alter_genesis },
	{ "put-back-checkpoint", "publish an older checkpoint of the fleet log again", NEED_STORE,
	  STORE(V(TRUNCATED), "truncated"), READ_S, 0, KEPT, sin_put_back_checkpoint },
	{ "delete-tile", "delete a tile of the fleet log", NEED_STORE, STORE(V(MISSING), "missing"), READ_S,
	  0, KEPT, sin_delete_tile },

	{ "alter-proof", "change the entry in a file that proves it", NEED_STORE,
	  ANSWER(1, "not proven", "verify FILE: not proven"), READ_S, 0, GENUINE, sin_alter_proof },

	{ "rewrite-time", "with the sink's key: backdate an entry, and sign all that follows anew",
	  NEED_LOG_KEY, STORE(V(SPLIT_VIEW), "split-view"), READ_S, 0, DUTIES, sin_rewrite_time },
	{ "rewrite-without-batch", "with the sink's key: leave a batch out, and sign all that follows anew",
	  NEED_LOG_KEY, STORE(V(SPLIT_VIEW), "split-view"), READ_S, 0, DUTIES, sin_rewrite_without_batch },

	{ "edit-spool", "change an entry that lies in the host's spool", NEED_SPOOL,
	  SPOOL(V(ALTERED), "altered"), READ_S, 0, UNCHANGED, sin_edit_spool },
	{ "delete-from-spool", "delete a batch from the middle of the spool", NEED_SPOOL,
	  SPOOL(V(MISSING), "missing"), READ_S, 0, KEPT, sin_delete_from_spool },
	{ "alter-receipt", "change a receipt to cover more than it did", NEED_SPOOL,
	  SPOOL(V(ALTERED) | V(WRONGLY_SEALED), "altered"), READ_S, 0, GENUINE, sin_alter_receipt },

	{ "stop-agent", "stop the agent in an orderly way", NEED_PROCESSES,
	  ENTRY(KIND_GOODBYE, "host log: goodbye"), READ_S, CALM_S, HEARD, sin_stop_agent },
	{ "kill-agent", "kill the agent", NEED_PROCESSES, SILENT, AWAY_S, QUIET_S, HEARD, sin_kill_agent },
	{ "freeze-agent", "stop the agent's processes without ending them", NEED_PROCESSES, SILENT, AWAY_S,
	  QUIET_S, HEARD, sin_freeze_agent },
	{ "cut-network", "cut the network between host and sink", NEED_PROCESSES, SILENT, AWAY_S, QUIET_S,
	  HEARD, sin_cut_network },
	{ "fill-spool", "flood the host until its spool is full", NEED_PROCESSES, STORE(V(LOSS), "loss"),
	  AGAIN_S, CALM_S, HEARD, sin_fill_spool },
	{ "delete-spool", "delete batches that the sink does not have yet", NEED_PROCESSES,
	  STORE(V(EPOCH), "epoch"), AGAIN_S, CALM_S, KEPT, sin_delete_spool },
	{ "wipe-host", "delete spool, keys and state, all but the identity key", NEED_PROCESSES,
	  STORE(V(EPOCH), "epoch"), AGAIN_S, CALM_S, KEPT, sin_wipe_host },
	{ "roll-back-state", "put an older copy of the agent's state and spool back", NEED_PROCESSES,
	  STORE(V(EPOCH), "epoch"), AGAIN_S, CALM_S, UNCHANGED, sin_roll_back_state },
	{ "clone-host", "run a copy of the host with all its keys", NEED_PROCESSES,
	  STORE(V(FORKED), "forked"), AGAIN_S, CALM_S, GENUINE, sin_clone_host },
	{ "forge-as-other", "send a batch of one host with the certificate of another", NEED_PROCESSES,
	  ANSWER(403, NULL, "sink: 403"), READ_S, 0, GENUINE, sin_forge_as_other },
	{ "steal-identity", "continue a host's log with its stolen identity key", NEED_PROCESSES,
	  ANSWER(422, "wrong-seal", "sink: 422 wrong-seal"), READ_S, 0, GENUINE, sin_steal_identity },
	{ "steal-identity-epoch", "begin a new epoch with a stolen identity key", NEED_PROCESSES,
	  STORE(V(EPOCH), "epoch"), READ_S, CALM_S, GENUINE, sin_steal_identity_epoch },
	{ "sign-revoked", "go on with keys that were revoked", NEED_PROCESSES, STORE(V(REVOKED), "revoked"),
	  AGAIN_S, CALM_S, GENUINE, sin_sign_revoked },
	{ "set-clock", "set the host's clock back by an hour", NEED_PROCESSES, STORE(V(CLOCK), "clock"),
	  READ_S, CALM_S, TIMED, sin_set_clock },
	{ "second-sink", "start a second sink on the same store", NEED_PROCESSES,
	  ANSWER(1, NULL, "sink: does not start"), READ_S, 0, DUTIES, sin_second_sink },
	{ "rewrite-witnessed", "rewrite the sink's history, with its key, after a witness saw it",
	  NEED_PROCESSES, ANSWER(422, NULL, "witness: 422"), READ_S, 0, DUTIES, sin_rewrite_witnessed },
	{ "roll-back-sink", "put yesterday's store back under the sink", NEED_PROCESSES,
	  ALARM("ATTACK", "sealer: alarm"), AGAIN_S, CALM_S, DUTIES, sin_roll_back_sink },
	{ "rewrite-sink", "rewrite the sink's history, with its key, after a host saw it", NEED_PROCESSES,
	  ALARM("ATTACK", "sealer: alarm"), AGAIN_S, CALM_S, DUTIES, sin_rewrite_sink },

	{ "freeze-collector", "stop the collector without ending it", NEED_MACHINE, SENSOR("collector"),
	  AWAY_S, CALM_S, HEARD, sin_freeze_collector },
	{ "disable-audit", "switch the kernel's audit off", NEED_MACHINE, SENSOR("enabled"), AWAY_S, CALM_S,
	  HEARD, sin_disable_audit },
	{ "remove-audit-rule", "take an audit rule out of the kernel", NEED_MACHINE, SENSOR("all"), AWAY_S,
	  CALM_S, HEARD, sin_remove_rule },
};

size_t sin_count(void)
{
	return ARRAY_SIZE(sins);
}

const struct sin *sin_at(size_t i)
{
	return &sins[i];
}

const struct sin *sin_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(sins); i++)
		if (strcmp(sins[i].name, name) == 0)
			return &sins[i];
	return NULL;
}

const char *sin_need_words(enum sin_need need)
{
	static const char *const words[] = {
		[NEED_STORE] = "a copy of a store",
		[NEED_LOG_KEY] = "a scratch store, and its key",
		[NEED_SPOOL] = "a scratch spool",
		[NEED_PROCESSES] = "a scratch fleet",
		[NEED_MACHINE] = "this machine (--live-host)",
	};
	return words[need];
}
