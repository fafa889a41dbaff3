/* Turns the record of a program on kernel objects into the event that it stands for. */
#ifndef SWORNLOG_COLLECTOR_OBJECT_EVENT_H
#define SWORNLOG_COLLECTOR_OBJECT_EVENT_H

#include "collector/file_event.h"

/* Kind and paths into *e, whose shape is left alone. -EBADMSG if these programs tell of no such kind. */
must_check int object_event_read(struct file_event *e, const struct bpf_view *view);
/* After that: the field map, in e->fields; empty without memory. */
struct span object_event_encode(struct file_event *e, const struct bpf_view *view,
                                const struct label_names *names);
/* The tiers that saw it, as sensor bits. */
uint8_t object_event_sensors(const struct bpf_view *view);

#endif
