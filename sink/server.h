/* The append listener: connections, whose turn it is, when to commit. One thread, one event loop; what blocks
 * it is the disk alone. */
#ifndef SWORNLOG_SINK_SERVER_H
#define SWORNLOG_SINK_SERVER_H

#include <openssl/ssl.h>
#include <sys/queue.h>

#include <event2/event.h>
#include <event2/listener.h>

#include "sink/core.h"
#include "sink/witnesses.h"
#include "sink/worker.h"

struct peer;
TAILQ_HEAD(peer_list, peer);

struct server {
	struct event_base *base;
	struct core *core;
	struct worker worker;
	SSL_CTX *tls;
	struct evconnlistener *listener;
	char address[64]; /* that it listens on */
	uint64_t commit_interval_us;

	struct peer_list strangers; /* connections that no enrolled host has claimed yet, oldest first */
	struct peer_list hosts;
	size_t connections, max_connections;
	size_t reserved_bytes; /* of request bodies */

	struct peer_list queue;   /* requests with more to check */
	struct peer_list waiting; /* requests whose batches are in the commit under way */
	size_t waiting_count;
	struct event *work, *commit_due;
	uint64_t last_commit_us;

	struct witnesses *witnesses; /* NULL: none are asked */
	struct event *tick, *hash_in, *segments, *cosignatures;
	bool full;        /* the last commit found no room */
	bool unpublished; /* the last publication failed */
	bool stopping;
	int exit_status;
	uint64_t started_us;
};

struct server_options {
	const char *listen; /* address:port */
	uint64_t commit_interval_ms, publish_interval_ms;
	size_t max_connections;
	struct witnesses *witnesses; /* may be NULL */
};

/* What the process ends with when a witness holds what the store does not: nothing may be signed. */
#define EXIT_STALE 4

/* Listen. `core`, `tls` and witnesses are used, not owned; the worker's handle becomes the server's. `error`
 * gets a sentence. */
must_check int server_open(const struct server_options *o, struct core *core, SSL_CTX *tls,
                           const struct worker *worker, struct server **ret, char *error, size_t error_size);
void server_free(struct server *s);
/* Serve until SIGTERM, SIGINT or a failed disk. Returns the process's exit status. */
int server_run(struct server *s);
/* Take no more, commit what was taken, answer, and end the loop soon. */
void server_stop(struct server *s, int exit_status);

#endif
