/* What the registrar asks the sink. */
#ifndef SWORNLOG_REGISTRAR_LINK_H
#define SWORNLOG_REGISTRAR_LINK_H

#include "evidence/statement.h"

/* A host as the fleet log has it. */
struct known_host {
	bool enrolled;
	bool good; /* neither revoked nor retired */
	struct key identity;
	struct hash certificate;
	uint32_t epoch; /* of the newest committed head; 0: none */
	uint64_t size;
};

struct link {
	void *ctx;
	/* -EIO and the like: the sink can't be asked. */
	int (*host)(void *ctx, const char *host, struct known_host *ret);
	/* Durable in the fleet log when it returns 0. -EPERM: refused, and `error` gets the sink's sentence;
	 * else the sink can't be asked. */
	int (*submit)(void *ctx, struct span statement, char *error, size_t error_size);
};

/* Over the control socket at `path`, which is kept, not copied. Blocks, five seconds at most. */
struct link link_to_sink(const char *path);

#endif
