/* Turns the record of a system call into the event that it stands for. */
#ifndef SWORNLOG_COLLECTOR_FILE_EVENT_H
#define SWORNLOG_COLLECTOR_FILE_EVENT_H

#include "collector/bpf_record.h"
#include "collector/calls.h"
#include "collector/fields.h"

/* Reused from event to event, so that its buffers are allocated once. Zeroed: empty. */
struct file_event {
	uint16_t kind;
	const struct call_shape *shape;
	uint32_t marks;        /* enum entry_mark bits */
	uint32_t target_marks; /* the same, on the target */
	bool path_known;
	bool target_known;
	struct buf path;
	struct buf target;
	struct buf fields;
};

void file_event_done(struct file_event *e);

/* Work out kind and paths. -EBADMSG if the record's call is none that we know. */
must_check int file_event_read(struct file_event *e, const struct bpf_view *view);
/* After that: the field map, in e->fields; empty without memory. */
struct span file_event_encode(struct file_event *e, const struct bpf_view *view);
/* The fields below 18 alone, into a map that was begun: for the kinds that have others after them. */
void file_event_put(const struct file_event *e, const struct bpf_view *view, struct fields *f);
/* An argument of the call, from 1; 0 if there is none. */
uint64_t file_event_argument(const struct bpf_file_record *r, unsigned number);

#endif
