/* One entry as one line for a person, or as one JSON object a line (docs/show.md).
 *
 * Bytes from the host are escaped, so that they can neither steer a terminal nor forge a line. Ids are
 * numbers: the names behind them are the host's business. */
#ifndef SWORNLOG_CLI_EVENT_TEXT_H
#define SWORNLOG_CLI_EVENT_TEXT_H

#include "cli/actor.h"

struct event {
	const struct origin *origin;
	uint64_t index;
	uint64_t wall_us, boot_us; /* from the clock base in the batch's seal */
	const struct entry *entry;
	const struct actor *actor; /* NULL: none, or not known */
};

enum event_style {
	EVENT_COLOUR = 1,
	EVENT_WHOLE = 2, /* every field: inodes, namespaces, ... */
};

/* With the newline. `style` is a sum of enum event_style. */
void event_put_line(struct buf *b, const struct event *e, unsigned style);
void event_put_json(struct buf *b, const struct event *e);

#endif
