/* Who acted: knows the processes, numbers them, and describes each to the log before anything refers to it.
 */
#ifndef SWORNLOG_COLLECTOR_ACTOR_H
#define SWORNLOG_COLLECTOR_ACTOR_H

#include "collector/process_table.h"
#include "lib/redact.h"

/* Where events go. Each event that the sensors made comes to exactly one of the two. */
struct event_sink {
	/* False if it was lost (and counted). The event is valid during the call. */
	bool (*put)(void *context, const struct intake_event *event);
	/* Left out on purpose. */
	void (*filtered)(void *context, uint16_t kind);
	void *context;
};

struct actors_config {
	struct event_sink sink;
	struct process_table_limits limits;
	int proc_fd;        /* a descriptor of /proc, the caller's; -1: never look */
	uint64_t repeat_us; /* describe again after; 0: a day */
	/* For arguments that /proc tells, looked up each time; NULL: nothing is replaced. */
	struct redact *const *redact;
};

struct actors;

/* -ENOMEM. */
must_check int actors_new(const struct actors_config *config, struct actors **ret);
/* Takes NULL. */
void actors_free(struct actors *a);

/* Learn from /proc what runs already, beyond what actors_found() was told. Makes no events: each is
 * described when it first acts. */
void actors_prime(struct actors *a);

/* The process that made a record, described as it is at that moment: an unknown one is made up from the
 * record and from /proc, one with other credentials than before is described anew. NULL without memory. Valid
 * until the next call. */
struct process *actors_of_record(struct actors *a, const struct bpf_record *head);
/* The same process as it was before the record, which is about a change of its ids: they are not taken over.
 * NULL if it was not known. Valid until the next call. */
struct process *actors_before_record(struct actors *a, const struct bpf_record *head);
/* The number of a process that is known, described if need be; INTAKE_NO_PROCESS otherwise. */
uint64_t actors_of_key(struct actors *a, struct process_key key, uint64_t boot_us);
/* The number of the process that has this pid, described if need be; INTAKE_NO_PROCESS if it is not known. */
uint64_t actors_of_pid(struct actors *a, uint32_t pid, uint64_t boot_us);

/* A process was found running. Takes over one use of the image (NULL is allowed). False without memory. */
must_check bool actors_found(struct actors *a, const struct bpf_record *head, struct process_key parent,
                             struct process_image *image);
/* What /proc has of its arguments (a CBOR array): valid until the next call. -ESRCH and the like. The marks
 * are bits of enum entry_mark. */
must_check int actors_read_argv(struct actors *a, uint32_t tgid, uint64_t start_us, struct span *ret,
                                uint32_t *ret_marks);

/* The id of the container that the process is in, "" if none is known. Valid until the next call. */
const char *actors_container(struct actors *a, uint32_t tgid, uint64_t cgroup);

/* A child came into being; it is described when it first acts. False without memory. */
must_check bool actors_fork(struct actors *a, const struct bpf_record *parent, struct process_key child);

/* An exec: fills in the event's numbers, sends it, and remembers the process as what it now is. Takes over
 * one use of the image (NULL is allowed). False without memory: nothing was sent. */
must_check bool actors_exec(struct actors *a, const struct bpf_record *head, struct process_key parent,
                            struct process_image *image, struct intake_event *event);

/* The sealer is another one: it knows of no process. */
void actors_undescribe(struct actors *a);
/* Every ten seconds or so: forget what is long gone. */
void actors_expire(struct actors *a, uint64_t now_us);
/* The start of the process that has this pid now. -ESRCH if unknown. */
must_check int actors_start_of(struct actors *a, uint32_t pid, uint64_t *ret_start_us);

#endif
