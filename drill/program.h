/* The installed programs, as children: started, stopped, killed, frozen. Each dies with the process that
 * started it. */
#ifndef SWORNLOG_DRILL_PROGRAM_H
#define SWORNLOG_DRILL_PROGRAM_H

#include <limits.h>

#include "lib/base.h"

struct program {
	pid_t pid; /* 0: not running */
};

/* Where a program of this name lies: beside this one, or in the folder for daemons next to it. -ENOENT. */
must_check int program_find(const char *name, char ret[PATH_MAX]);

#define PROGRAM_MAX_ARGUMENTS 16

/* Start it; what it says is appended to `log`. argv[0] is the name; NULL ends it. */
must_check int program_start(struct program *p, const char *log, const char *const *argv);
/* Start it and wait for its end. Returns its exit status, 128 and the signal's number, or a negative errno.
 */
must_check int program_run(const char *log, const char *const *argv);
bool program_running(struct program *p);
/* Ask it to end, and wait for ten seconds; then it is killed and the answer -ETIMEDOUT. Its exit status. */
int program_stop(struct program *p);
/* SIGKILL, and wait. */
void program_kill(struct program *p);
/* SIGSTOP, SIGCONT. */
int program_signal(const struct program *p, int number);

void sleep_ms(unsigned ms);

#endif
