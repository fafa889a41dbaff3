#include "sink/silence.h"

bool silence_is_goodbye(struct span raw)
{
	struct cursor c;
	struct span body, before = { NULL, 0 }, last = { NULL, 0 };
	cursor_init(&c, raw.data, raw.len);
	while (batch_next_body(&c, &body)) {
		before = last;
		last = body;
	}
	struct entry e;
	return before.data && entry_parse_body(before, &e) == 0 && e.kind == KIND_GOODBYE;
}

struct host *silence_next(const struct hosts *hosts, uint64_t now_us, uint64_t after_us, size_t *at)
{
	while (*at < hosts->count) {
		struct host *h = hosts->row[(*at)++];
		/* Whether a host said goodbye is known once its batches are hashed in. */
		if (h->unhashed_count > 0 || h->presence != PRESENCE_HEARD || h->standing.retired ||
		    now_us - h->heard_us < after_us || now_us < h->heard_us)
			continue;
		h->presence = PRESENCE_SILENT;
		return h;
	}
	return NULL;
}
