/* Any bytes as an entry: it is refused, or printed as one line that no terminal and no JSON reader stumbles
 * over. */
#include "cli/event_text.h"
#include "lib/text.h"

#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const struct event *e)
{
	cleanup_buf struct buf b = { 0 };
	event_put_line(&b, e, EVENT_WHOLE);
	if (b.err || b.len == 0 || b.data[b.len - 1] != '\n')
		abort();
	for (size_t i = 0; i + 1 < b.len; i++) {
		if (b.data[i] < 0x20 || b.data[i] == 0x7f)
			abort();
	}
	if (!text_is_utf8((struct span){ b.data, b.len }))
		abort();
}

/* Numbers beyond what jansson holds are valid JSON all the same. */
static void check_json(const struct event *e)
{
	cleanup_buf struct buf b = { 0 };
	json_error_t error;
	event_put_json(&b, e);
	if (b.err || b.len == 0 || b.data[b.len - 1] != '\n' ||
	    memchr(b.data, '\n', b.len) != b.data + b.len - 1)
		abort();
	json_t *v = json_loadb((const char *)b.data, b.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!v && json_error_code(&error) != json_error_numeric_overflow)
		abort();
	json_decref(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct origin origin = { .fleet = "acme", .host = "web", .epoch = 1 };
	static struct actors *actors;
	struct entry entry;
	if ((!actors && actors_new(&actors) < 0) || entry_parse_body((struct span){ data, size }, &entry) < 0)
		return 0;
	actors_take(actors, &origin, 7, &entry);
	struct event e = { .origin = &origin, .index = 9, .wall_us = 1795507200000000, .entry = &entry };
	e.actor = actors_find(actors, &origin, entry.process);
	check_line(&e);
	check_json(&e);
	return 0;
}
