/* A fleet of real processes in a folder of its own: a sink, and hosts with sealer and shipper, each with
 * keys, certificates and an enrolment made by `swornlog` itself. Listens on the loopback address only. */
#ifndef SWORNLOG_DRILL_SCRATCH_H
#define SWORNLOG_DRILL_SCRATCH_H

#include "drill/relay.h"
#include "evidence/key.h"
#include "lib/buf.h"

#define SCRATCH_FLEET     "drill.example"
#define SCRATCH_PATH_MAX  256
#define SCRATCH_HOSTS     3
#define SCRATCH_SILENT_S  5 /* beats come each second */
#define SCRATCH_RECEIPT_S 20

struct scratch_host {
	struct scratch *fleet;
	char name[LABEL_MAX + 1];
	char dir[SCRATCH_PATH_MAX]; /* state/, spool/, run/, keys and certificates */
	char identity[SCRATCH_PATH_MAX];
	unsigned port; /* of the sink, or of what stands before it */
	unsigned spool_max_mib;
	bool audit; /* the collector reads the kernel's audit, and switches it on */
	struct program sealer, shipper, collector;
};

struct scratch {
	char dir[SCRATCH_PATH_MAX];
	char log[SCRATCH_PATH_MAX + 16]; /* what all programs say */
	char store[SCRATCH_PATH_MAX + 16];
	char anchor[SCRATCH_PATH_MAX + 32];
	char sink_config[SCRATCH_PATH_MAX + 16];
	unsigned port; /* 0: not known yet */
	struct program sink;
	struct program witness;
	struct relay network; /* between host and sink, where a sin has put one */
	struct scratch_host host[SCRATCH_HOSTS];
	size_t hosts;
};

/* Make the folder and found the fleet. */
must_check int scratch_open(struct scratch *s, const char *dir);
/* Kill what still runs; the folder stays. */
void scratch_close(struct scratch *s);
#define cleanup_scratch cleanup(scratch_close)

/* Run `swornlog` with these words, which must succeed: else -EPROTO. */
must_check int scratch_command(const struct scratch *s, const char *const *words);
/* Put a configuration file in its place. */
must_check int scratch_put_text(const char *path, const struct buf *text);
/* Start a server and wait until it says where on the loopback address it listens. -ECHILD: it ended. */
must_check int scratch_listen(struct scratch *s, struct program *p, const char *const *argv,
                              unsigned *ret_port);
/* Start the sink and wait until it listens. -ECHILD: it ended. */
must_check int scratch_start_sink(struct scratch *s);
/* Make a host's keys and enroll it, by the sink that runs. *ret belongs to the fleet. */
must_check int scratch_add_host(struct scratch *s, const char *name, struct scratch_host **ret);
/* The last line of what all programs said. */
void scratch_last_words(const struct scratch *s, char *ret, size_t size);
/* A number of the sink's status. -ENOENT: it does not answer, or not so. */
must_check int scratch_status_number(const struct scratch *s, const char *key, uint64_t *ret);
/* The sink's signing key; free with key_file_free. */
must_check int scratch_log_key(const struct scratch *s, struct signer **ret);
/* A copy of a host, with all its keys and files, in another folder. */
must_check int scratch_clone_host(struct scratch_host *h, struct scratch_host **ret);
/* Start sealer and shipper and wait for the first receipt that is newer than what the host has. */
must_check int host_start(struct scratch_host *h);
must_check int host_start_sealer(struct scratch_host *h);
must_check int host_start_shipper(struct scratch_host *h);
/* In an orderly way: a goodbye is sealed and shipped. */
must_check int host_stop(struct scratch_host *h);
void host_kill(struct scratch_host *h);
/* Start the collector, as the user that runs the drill. It takes the real events of this machine as far as it
 * may. -ECHILD: it ended. */
must_check int host_start_collector(struct scratch_host *h);

/* `<dir>/<name>`, and false if it is too long. */
must_check bool host_path(const struct scratch_host *h, const char *name, char ret[PATH_MAX]);
/* Wait until the sealer has so many receipts. -ETIMEDOUT, -ECHILD. */
must_check int host_wait_receipts(struct scratch_host *h, uint64_t count, unsigned seconds);
/* A number of the sealer's status. -ENOENT: there is none yet. */
must_check int host_status_number(const struct scratch_host *h, const char *key, uint64_t *ret);
/* Its alarm; empty: none. */
must_check int host_alarm(const struct scratch_host *h, char *ret, size_t size);

#endif
