/* The sins that a drill commits, as one table: what each is, and which check must catch it. */
#ifndef SWORNLOG_DRILL_SIN_H
#define SWORNLOG_DRILL_SIN_H

#include "drill/act.h"

enum sin_need {
	NEED_STORE,     /* a copy of a store: the scratch fleet's, or one of production */
	NEED_LOG_KEY,   /* a copy of the scratch fleet's store, and its sink's key */
	NEED_SPOOL,     /* a copy of the scratch fleet's spool */
	NEED_PROCESSES, /* a scratch fleet that runs */
	NEED_MACHINE,   /* changes the machine that it runs on: --live-host */
};

enum check_kind {
	CHECK_STORE,  /* verification of the sink's store gives one of the verdicts */
	CHECK_SPOOL,  /* of the host's spool */
	CHECK_ANSWER, /* the sink answers the sinner with this status and word, or a program ends with this
	                 status */
	CHECK_SILENT, /* the sink has noticed that a host is silent */
	CHECK_ALARM,  /* the sealer's status has an alarm with these words */
	CHECK_ENTRY,  /* the host's log has an entry of this kind, with these bytes in it */
};

struct check {
	enum check_kind kind;
	uint32_t verdicts; /* 1 << enum verdict */
	uint64_t number;   /* status, or kind of entry */
	const char *word;
	const char *words; /* how it is called in reports: "verify: altered" */
};

struct sin {
	const char *name;
	const char *words; /* what is done, for a person */
	enum sin_need need;
	struct check check;
	unsigned within_s; /* the check must have caught it by then */
	unsigned quiet_s;  /* how long the control run of a sin on processes is watched */
	const char *controls;
	int (*commit)(struct act *a);
};

size_t sin_count(void);
const struct sin *sin_at(size_t i);
/* NULL: there is none of this name. */
const struct sin *sin_find(const char *name);
const char *sin_need_words(enum sin_need need);

/* Sins on a store's files: drill/store_sins.c, drill/file_sins.c. */
int sin_alter_entry(struct act *a);
int sin_delete_batch(struct act *a);
int sin_reorder(struct act *a);
int sin_replay_batch(struct act *a);
int sin_forge_seal(struct act *a);
int sin_backdate(struct act *a);
int sin_forge_checkpoint(struct act *a);
int sin_truncate_tail(struct act *a);
int sin_tear_tail(struct act *a);
int sin_delete_file(struct act *a);
int sin_alter_genesis(struct act *a);
int sin_put_back_checkpoint(struct act *a);
int sin_delete_tile(struct act *a);

/* On what outsiders get: drill/proof_sins.c. */
int sin_alter_proof(struct act *a);

/* With the sink's key: drill/log_sins.c. */
int sin_rewrite_time(struct act *a);
int sin_rewrite_without_batch(struct act *a);

/* Against what people stated: drill/statement_sins.c. */
int sin_sign_revoked(struct act *a);

/* On the machine itself: drill/machine_sins.c. */
int sin_freeze_collector(struct act *a);
int sin_disable_audit(struct act *a);
int sin_remove_rule(struct act *a);

/* After a witness saw it: drill/witness_sins.c. */
int sin_rewrite_witnessed(struct act *a);

/* On a spool: drill/spool_sins.c. */
int sin_edit_spool(struct act *a);
int sin_delete_from_spool(struct act *a);
int sin_alter_receipt(struct act *a);

/* On the processes of a fleet: drill/process_sins.c, drill/sink_sins.c. */
int sin_stop_agent(struct act *a);
int sin_kill_agent(struct act *a);
int sin_freeze_agent(struct act *a);
int sin_cut_network(struct act *a);
int sin_fill_spool(struct act *a);
int sin_delete_spool(struct act *a);
int sin_wipe_host(struct act *a);
int sin_roll_back_state(struct act *a);
int sin_clone_host(struct act *a);
int sin_forge_as_other(struct act *a);
int sin_steal_identity(struct act *a);
int sin_steal_identity_epoch(struct act *a);
int sin_set_clock(struct act *a);
int sin_second_sink(struct act *a);
int sin_roll_back_sink(struct act *a);
int sin_rewrite_sink(struct act *a);

#endif
