/* Turns the record of a system call into the event that it stands for. */
#ifndef SWORNLOG_COLLECTOR_FILE_EVENT_H
#define SWORNLOG_COLLECTOR_FILE_EVENT_H

#include "collector/bpf_record.h"
#include "collector/calls.h"
#include "collector/fields.h"
#include "collector/watch.h"

/* Reused from event to event, so that its buffers are allocated once. Zeroed: empty. */
struct file_event {
	uint16_t kind;
	const struct call_shape *shape;
	uint32_t marks;        /* enum entry_mark bits */
	uint32_t target_marks; /* the same, on the target */
	uint32_t labels;       /* bits */
	bool reads;            /* KIND_READ or KIND_MMAP */
	bool path_known;
	bool target_known;
	struct buf path;
	struct buf target;
	struct buf fields;
};

void file_event_done(struct file_event *e);

/* Work out kind and paths. -EBADMSG if the record's call is none that we know. */
must_check int file_event_read(struct file_event *e, const struct bpf_view *view);
/* What the data is called that the event is about: by its paths, and by what the kernel knows of the object.
 * Into e->labels, and a mark where only the object tells. -ENOMEM. */
must_check int file_event_label(struct file_event *e, const struct bpf_view *view, const struct watch *watch);
/* After that: the field map, in e->fields; empty without memory. */
struct span file_event_encode(struct file_event *e, const struct bpf_view *view,
                              const struct label_names *names);
/* The fields below 18 alone, into a map that was begun: for the kinds that have others after them. */
void file_event_put(const struct file_event *e, const struct bpf_view *view, struct fields *f);
/* A device number as the kernel holds it, from the form that user space gives it in. */
uint64_t file_event_kernel_device(uint64_t packed);
/* The names of these labels, where there are any. */
void file_event_put_labels(struct fields *f, uint32_t labels, const struct label_names *names);
/* An argument of the call, from 1; 0 if there is none. */
uint64_t file_event_argument(const struct bpf_file_record *r, unsigned number);

#endif
