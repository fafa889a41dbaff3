/* Does known things in known places and says on each line what it has done, for a comparison with what was
 * recorded.
 *
 * An action is done by a child of its own, so that everything recorded of that process is this action's. A
 * *place* is a way to reach a folder; every action is repeated in every place.
 */
#ifndef SWORNLOG_TESTS_VM_ACTIONS_H
#define SWORNLOG_TESTS_VM_ACTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define PATH_ROOM 8192
#define CALL_ARGS 6

struct place {
	const char *way;
	char real[PATH_ROOM];  /* the folder, from the root of the mount namespace, with its slash */
	char claim[PATH_ROOM]; /* the same through the base directory's path and the string that is passed */
	char given[3072];      /* what is passed in front of a name */
	char cwd[PATH_ROOM];   /* the working directory, like `real`, without a slash at its end */
	int dirfd;
	bool compat;  /* by int 0x80 */
	bool thread;  /* by a thread that is not the leader */
	uint32_t dev; /* as the kernel holds it: major << 20 | minor */
};

/* What a child tells its parent. */
struct outcome {
	long result;
	int tid;
	int exit_code;
};

extern FILE *say_to;
extern int self_fd; /* this program */

uint32_t kernel_dev(uint64_t dev);
long do_call(const struct place *p, int number, int compat_number, const uint64_t args[CALL_ARGS]);
void die(const char *what) __attribute__((noreturn));

/* Runs `act` in a child, which leaves with the exit code if it is still there then; returns its pid once it
 * has ended. */
int in_child(const struct place *p, struct outcome *outcome, int exit_code,
             long (*act)(const struct place *p, void *context), void *context);

/* The line's head and end; between them come ,"key":value pairs. */
void say_begin(const struct place *p, const char *call, const char *kind, int pid,
               const struct outcome *outcome);
void say_outcome(const struct place *p, const struct outcome *outcome);
void say_path(const char *key, const char *folder, const char *name);
void say_end(void);

void do_calls(const struct place *p);     /* file system calls */
void do_execs(const struct place *p);     /* programs */
void do_uring(const struct place *p);     /* the same file operations through io_uring */
void do_program32(const struct place *p); /* a program of 32 bits */
void do_others(const struct place *p);    /* what is not about files */
void do_races(const struct place *p);     /* a sibling that changes strings and names meanwhile */

/* In each place, in a process of its own. */
void in_places(void (*act)(const struct place *p));

#endif
