/* Any entry as auditd's records: every line is a record of its host, short enough for those who read it. */
#include "cli/auditd_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct span text)
{
	struct cursor c;
	cursor_init(&c, text.data, text.len);
	while (cursor_left(&c) > 0) {
		struct span line = cursor_line(&c);
		if (c.err || !span_starts(line, "node=web type="))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct origin web = { .fleet = "acme", .host = "web", .epoch = 1 };
	struct entry entry;
	struct actor actor;
	struct buf out = { 0 };
	if (entry_parse_body((struct span){ data, size }, &entry) < 0)
		return 0;
	actor_read(&entry, &actor);
	struct event e = { .origin = &web, .index = size, .wall_us = 1, .entry = &entry, .actor = &actor };
	bool put = event_put_auditd(&out, &e, size % 2 ? MACHINE_X86_64 : MACHINE_AARCH64);
	if (buf_err(&out) || put != (out.len > 0))
		abort();
	check((struct span){ out.data, out.len });
	buf_done(&out);
	return 0;
}
