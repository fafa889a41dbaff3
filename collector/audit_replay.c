#include "collector/audit_replay.h"

#include "audit/log.h"

struct audit_replay {
	struct audit_feed *feed;
	struct audit_log *log;
	bool ended;
};

int audit_replay_open(const char *path, struct audit_feed *feed, struct audit_replay **ret)
{
	cleanup_free struct audit_replay *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->feed = feed;
	int err = audit_log_open(path, &r->log);
	if (err)
		return err;
	*ret = TAKE_PTR(r);
	return 0;
}

void audit_replay_free(struct audit_replay *r)
{
	if (!r)
		return;
	audit_log_free(r->log);
	free(r);
}

ssize_t audit_replay_read(struct audit_replay *r, size_t max_lines, uint64_t now_us)
{
	uint16_t type;
	struct span text;
	size_t lines = 0;
	for (; lines < max_lines && !r->ended; lines++) {
		int n = audit_log_next(r->log, &type, &text);
		if (n == -EIO)
			return n;
		if (n == 0) {
			r->ended = true;
			audit_feed_flush(r->feed, now_us);
			break;
		}
		if (n == -EMSGSIZE)
			audit_feed_lose(r->feed, LOSS_TOO_LARGE, UPPER_BOUND, 1, now_us,
			                "a line of the replayed audit log that is too long");
		else if (n < 0)
			audit_feed_lose(r->feed, LOSS_MALFORMED, UPPER_BOUND, 1, now_us,
			                "a line of the replayed audit log that is no record");
		else
			audit_feed_push(r->feed, type, text, now_us);
	}
	return (ssize_t)lines;
}
