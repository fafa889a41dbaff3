#include "drill/runner.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drill/scratch.h"
#include "drill/stage.h"
#include "evidence/note.h"
#include "lib/env.h"
#include "lib/file.h"

#define LOOK_EVERY_MS 100
#define WAIT_MS       50

const char *outcome_name(enum outcome o)
{
	static const char *const names[OUTCOME_COUNT] = {
		[OUTCOME_PENDING] = "pending",       [OUTCOME_CAUGHT] = "caught",
		[OUTCOME_MISSED] = "missed",         [OUTCOME_NOISY] = "noisy",
		[OUTCOME_IMPOSSIBLE] = "impossible", [OUTCOME_FAILED] = "failed",
	};
	return names[o];
}

bool outcome_is_good(enum outcome o)
{
	return o == OUTCOME_CAUGHT || o == OUTCOME_IMPOSSIBLE;
}

/* One of the two runs of a sin, as the process that made it leaves it in shared memory. */
struct run {
	bool done;
	int error;
	bool seen;
	bool faults;
	uint32_t ms;
	char what[LOOK_WHAT_MAX];
};

enum { CONTROL, SIN, RUNS };

/* What one process does: a run of one sin on a fleet of its own, or all runs on copies. */
struct task {
	pid_t pid; /* 0: not started, -1: ended */
	bool copies;
	size_t sin; /* of the results */
	int run;
};

struct running {
	const struct drill *drill;
	struct run (*run)[RUNS]; /* shared */
	struct task *task;
	size_t tasks;
};

static bool on_processes(const struct sin *s)
{
	return s->need == NEED_PROCESSES || s->need == NEED_MACHINE;
}

static void keep(struct run *run, const struct look_answer *answer, uint64_t since_us)
{
	run->seen = answer->seen;
	run->faults = answer->faults;
	run->ms = (uint32_t)((env_now_us() - since_us) / 1000);
	memcpy(run->what, answer->what, sizeof(run->what));
}

static void keep_error(struct run *run, int error, const char *why)
{
	run->error = error;
	snprintf(run->what, sizeof(run->what), "%s", why[0] ? why : strerror(-error));
}

/* Look until it is seen, or the time is over. */
static int watch(const struct look *l, const struct act *a, struct run *run)
{
	uint64_t start = env_now_us();
	uint64_t bound = (uint64_t)(a->sinful ? a->sin->within_s : a->sin->quiet_s) * 1000000;
	struct look_answer answer;
	for (;;) {
		int r = look_at(l, a, &answer);
		if (r < 0)
			return r;
		keep(run, &answer, start);
		if (answer.seen || env_now_us() - start >= bound)
			return 0;
		sleep_ms(LOOK_EVERY_MS);
	}
}

/* Whatever the check looks at: a control run leaves a record without faults. */
static int watch_record(const struct look *l, struct run *run)
{
	struct look now = *l;
	int r = look_before(&now);
	for (int v = 0; r == 0 && v < VERDICT_COUNT; v++) {
		if (!verdict_is_fault((enum verdict)v) || now.before[v] <= l->before[v] || run->faults)
			continue;
		run->faults = true;
		snprintf(run->what, sizeof(run->what), "verify: %s", verdict_name((enum verdict)v));
	}
	return r;
}

static int run_on_fleet(const struct drill *d, const struct task *t, struct run *run, struct act *a)
{
	cleanup_scratch struct scratch fleet = { 0 };
	cleanup_buf struct buf anchor = { 0 };
	struct scratch_host *web;
	char dir[PATH_MAX];
	snprintf(dir, sizeof(dir), "%s/%zu%c", d->folder, t->sin, t->run == SIN ? 's' : 'c');
	int r = scratch_open(&fleet, dir);
	if (r == 0)
		r = scratch_start_sink(&fleet);
	if (r == 0)
		r = scratch_add_host(&fleet, "web", &web);
	if (r == 0)
		r = host_start(web);
	if (r == 0)
		r = file_read(env_system(), AT_FDCWD, fleet.anchor, NOTE_MAX_BYTES, &anchor);
	if (r < 0)
		return act_failed(a, r, "the scratch fleet did not come about");
	struct look look = { .path = fleet.store, .anchor = { anchor.data, anchor.len } };
	a->fleet = &fleet;
	r = a->sin->commit(a);
	if (r == 0)
		r = watch(&look, a, run);
	if (a->undo)
		a->undo(a);
	return r == 0 && !a->sinful ? watch_record(&look, run) : r;
}

static void process_task(const struct running *g, const struct task *t)
{
	struct run *run = &g->run[t->sin][t->run];
	struct act a = { .sin = g->drill->result[t->sin].sin, .sinful = t->run == SIN };
	int r = run_on_fleet(g->drill, t, run, &a);
	if (r < 0)
		keep_error(run, r, a.why);
	run->done = true;
}

static int run_on_copy(struct stage *s, const struct sin *sin, bool sinful, struct run *run, struct act *a)
{
	bool spool = sin->need == NEED_SPOOL;
	*a = (struct act){
		.sin = sin, .sinful = sinful, .work = spool ? &s->spool : &s->store, .log = s->log
	};
	if (sin->need != NEED_STORE && !s->scratch)
		return act_impossible(a, "needs %s", sin_need_words(sin->need));
	int r = sin->commit(a);
	if (r == 0)
		r = watch(spool ? &s->spool_look : &s->store_look, a, run);
	int back = workspace_restore(a->work);
	return r < 0 ? r : back;
}

static void copies_task(const struct running *g)
{
	cleanup_stage struct stage s = { .store = { .dirfd = -1, .saved_fd = -1 },
		                         .spool = { .dirfd = -1, .saved_fd = -1 } };
	const struct drill *d = g->drill;
	int r = d->store ? stage_copy(&s, d->store, d->anchor, d->folder) : stage_make(&s, d->folder);
	for (size_t i = 0; i < 2 * d->count; i++) {
		struct run *run = &g->run[i / 2][i % 2];
		const struct sin *sin = d->result[i / 2].sin;
		struct act a;
		if (on_processes(sin))
			continue;
		int e = r < 0 ? r : run_on_copy(&s, sin, i % 2 == SIN, run, &a);
		if (e < 0)
			keep_error(run, e, r < 0 ? s.why : a.why);
		run->done = true;
	}
}

static bool on_machine(const struct running *g, const struct task *t)
{
	return !t->copies && g->drill->result[t->sin].sin->need == NEED_MACHINE;
}

static void start(const struct running *g, struct task *t)
{
	pid_t parent = getpid(), pid = fork();
	if (pid != 0) {
		t->pid = pid > 0 ? pid : -1;
		return;
	}
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* What was done to the machine is undone, whatever becomes of the drill. */
	if (!on_machine(g, t))
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	if (t->copies)
		copies_task(g);
	else
		process_task(g, t);
	_exit(0);
}

/* What both runs together say. */
static void judge(const struct run run[RUNS], struct result *ret)
{
	const struct run *control = &run[CONTROL], *sin = &run[SIN];
	const struct run *trouble = sin->error ? sin : control;
	ret->caught_ms = sin->ms;
	if (trouble->error) {
		ret->outcome = trouble->error == -ENOTSUP ? OUTCOME_IMPOSSIBLE : OUTCOME_FAILED;
		snprintf(ret->what, sizeof(ret->what), "%s", trouble->what);
	} else if (control->seen || control->faults) {
		ret->outcome = OUTCOME_NOISY;
		snprintf(ret->what, sizeof(ret->what), "without the sin: %.*s", LOOK_WHAT_MAX - 32,
		         control->what);
	} else {
		ret->outcome = sin->seen ? OUTCOME_CAUGHT : OUTCOME_MISSED;
		snprintf(ret->what, sizeof(ret->what), "%s",
		         sin->what[0] ? sin->what : "nothing was found in time");
	}
}

/* Runs whose process ended without a word are told as well. */
static void settle(struct running *g, const struct task *ended,
                   void (*told)(void *ctx, const struct result *r), void *ctx)
{
	for (size_t i = 0; i < g->drill->count; i++) {
		struct result *result = &g->drill->result[i];
		bool mine = ended->copies ? !on_processes(result->sin) : ended->sin == i;
		for (int k = 0; mine && k < RUNS; k++) {
			struct run *run = &g->run[i][k];
			if (run->done || (!ended->copies && k != ended->run))
				continue;
			keep_error(run, -ECHILD, "the process that ran it ended");
			run->done = true;
		}
		if (result->outcome != OUTCOME_PENDING || !g->run[i][CONTROL].done || !g->run[i][SIN].done)
			continue;
		judge(g->run[i], result);
		told(ctx, result);
	}
}

static int add_tasks(struct running *g)
{
	const struct drill *d = g->drill;
	bool copies = false;
	g->task = calloc(2 * d->count + 1, sizeof(*g->task));
	if (!g->task)
		return -ENOMEM;
	for (size_t i = 0; i < d->count; i++)
		copies |= !on_processes(d->result[i].sin);
	if (copies)
		g->task[g->tasks++] = (struct task){ .copies = true };
	for (size_t i = 0; i < 2 * d->count; i++) {
		if (on_processes(d->result[i / 2].sin))
			g->task[g->tasks++] = (struct task){ .sin = i / 2, .run = (int)(i % 2) };
	}
	return 0;
}

static struct task *task_of(struct running *g, pid_t pid)
{
	for (size_t i = 0; i < g->tasks; i++)
		if (g->task[i].pid == pid)
			return &g->task[i];
	return NULL;
}

/* Returns how many are at work, after starting as many as may be. Those on the machine come last in the
 * table, and have it to themselves: one would disturb the other. */
static unsigned fill_up(struct running *g)
{
	unsigned busy = 0;
	for (size_t i = 0; i < g->tasks; i++)
		busy += g->task[i].pid > 0;
	for (size_t i = 0; i < g->tasks && busy < g->drill->jobs; i++) {
		bool alone = on_machine(g, &g->task[i]);
		if (g->task[i].pid != 0 || (alone && busy > 0))
			continue;
		start(g, &g->task[i]);
		busy += g->task[i].pid > 0;
		if (alone)
			break;
	}
	return busy;
}

static void kill_all(struct running *g)
{
	for (size_t i = 0; i < g->tasks; i++) {
		if (g->task[i].pid <= 0)
			continue;
		if (!on_machine(g, &g->task[i]))
			kill(g->task[i].pid, SIGKILL);
		while (waitpid(g->task[i].pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
}

static int run_all(struct running *g, const sigset_t *watched,
                   void (*told)(void *ctx, const struct result *r), void *ctx)
{
	while (fill_up(g) > 0) {
		struct timespec t = { .tv_nsec = WAIT_MS * 1000000 };
		int number = sigtimedwait(watched, NULL, &t);
		if (number == SIGINT || number == SIGTERM || number == SIGHUP)
			return -EINTR;
		for (pid_t pid = waitpid(-1, NULL, WNOHANG); pid > 0; pid = waitpid(-1, NULL, WNOHANG)) {
			struct task *task = task_of(g, pid);
			if (!task)
				continue;
			task->pid = -1;
			settle(g, task, told, ctx);
		}
	}
	return 0;
}

int drill_run(const struct drill *d, void (*told)(void *ctx, const struct result *r), void *ctx)
{
	struct running g = { .drill = d };
	sigset_t watched, before;
	size_t bytes = MAX(d->count, (size_t)1) * sizeof(*g.run);
	void *shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -ENOMEM;
	g.run = shared;
	sigemptyset(&watched);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGHUP);
	sigaddset(&watched, SIGCHLD);
	sigprocmask(SIG_BLOCK, &watched, &before);
	int r = add_tasks(&g);
	if (r == 0)
		r = run_all(&g, &watched, told, ctx);
	kill_all(&g);
	sigprocmask(SIG_SETMASK, &before, NULL);
	free(g.task);
	munmap(shared, bytes);
	return r;
}
