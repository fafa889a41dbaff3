/* hook_cost [--rounds N] [--dir DIR]: what each way of hooking costs a call, on this kernel.
 *
 * Every row is measured in rounds of a run without and a run with the hook, so that what the machine does
 * beside it meets both alike. The programs count and do nothing else.
 */
#include <fcntl.h>
#include <getopt.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/base.h"
#include "tests/bench/hooks.skel.h"

#define PROGRAMS_MAX 4
#define ROUNDS_MAX   99
#define CPUS_MAX     1024

extern char **environ;

/* A load: calls system calls `per_unit` times in each of `units`, as often as makes a run of some 50 ms. */
struct load {
	const char *name;
	unsigned units;
	bool (*run)(unsigned units);
};

static bool byte_by_byte(unsigned units)
{
	char byte = 0;
	int to = open("/dev/null", O_WRONLY | O_CLOEXEC), from = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	bool ok = to >= 0 && from >= 0;
	for (unsigned i = 0; ok && i < units; i += 2)
		ok = write(to, &byte, 1) == 1 && read(from, &byte, 1) == 1;
	close(to);
	close(from);
	return ok;
}

/* create, write, rename, chmod, unlink of a file */
static bool file_storm(unsigned units)
{
	bool ok = true;
	for (unsigned i = 0; ok && i < units; i++) {
		int fd = open("a", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		ok = fd >= 0 && write(fd, "x", 1) == 1;
		close(fd);
		ok = ok && rename("a", "b") == 0 && chmod("b", 0640) == 0 && unlink("b") == 0;
	}
	return ok;
}

static bool exec_storm(unsigned units)
{
	char *const argv[] = { (char[]){ "true" }, NULL };
	bool ok = true;
	for (unsigned i = 0; ok && i < units; i++) {
		pid_t pid;
		int status;
		ok = posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ) == 0 &&
		     waitpid(pid, &status, 0) == pid;
	}
	return ok;
}

static const struct load loads[] = {
	{ "a 1-byte read or write", 100000, byte_by_byte },
	{ "file storm, a file", 2000, file_storm },
	{ "exec storm, a program", 100, exec_storm },
};
enum { BYTES, FILES, EXECS };

struct row {
	int load;
	const char *name;
	const char *programs[PROGRAMS_MAX];
};

static const struct row rows[] = {
	{ BYTES, "tp_btf sys_exit", { "btf_exit" } },
	{ BYTES, "tp_btf sys_enter + sys_exit", { "btf_enter", "btf_exit" } },
	{ BYTES, "raw_tp sys_exit", { "raw_exit" } },
	{ BYTES, "classic tracepoint pair", { "classic_enter", "classic_exit" } },
	{ BYTES, "kprobe on file_permission", { "kprobe_permission" } },
	{ BYTES, "fentry on file_permission", { "fentry_permission" } },
	{ BYTES, "fexit on file_permission", { "fexit_permission" } },
	{ BYTES, "lsm file_permission", { "lsm_permission" } },
	{ FILES, "tp_btf sys_exit", { "btf_exit" } },
	{ FILES,
	  "fentry on open, rename, chmod, unlink",
	  { "fentry_open", "fentry_rename", "fentry_chmod", "fentry_unlink" } },
	{ FILES,
	  "lsm on open, rename, chmod, unlink",
	  { "lsm_open", "lsm_rename", "lsm_chmod", "lsm_unlink" } },
	{ EXECS, "tp_btf sched_process_exec", { "btf_exec" } },
	{ EXECS, "tp_btf sys_exit", { "btf_exit" } },
	{ EXECS, "fentry on bprm_check", { "fentry_exec" } },
	{ EXECS, "lsm bprm_check_security", { "lsm_exec" } },
};

static int print_nothing(enum libbpf_print_level level maybe_unused, const char *format maybe_unused,
                         va_list args maybe_unused)
{
	return 0;
}

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds a unit; negative if the load failed. */
static double run(const struct load *load)
{
	double began = now_ns();
	bool ok = load->run(load->units);
	return ok ? (now_ns() - began) / load->units : -1;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, unsigned count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

static int select_programs(struct bpf_object *object, const struct row *row)
{
	for (int i = 0; i < PROGRAMS_MAX && row->programs[i]; i++) {
		struct bpf_program *p = bpf_object__find_program_by_name(object, row->programs[i]);
		int err = p ? bpf_program__set_autoload(p, true) : -ENOENT;
		if (err)
			return err;
	}
	return 0;
}

static int attach(struct bpf_object *object, const struct row *row, struct bpf_link *links[PROGRAMS_MAX])
{
	for (int i = 0; i < PROGRAMS_MAX && row->programs[i]; i++) {
		links[i] = bpf_program__attach(bpf_object__find_program_by_name(object, row->programs[i]));
		if (!links[i])
			return -errno;
	}
	return 0;
}

static void detach(struct bpf_link *links[PROGRAMS_MAX])
{
	for (int i = 0; i < PROGRAMS_MAX; i++) {
		bpf_link__destroy(links[i]);
		links[i] = NULL;
	}
}

static double runs_of(const struct bpf_object *object)
{
	static uint64_t values[CPUS_MAX];
	uint32_t zero = 0;
	uint64_t sum = 0;
	int cpus = libbpf_num_possible_cpus();
	int fd = bpf_object__find_map_fd_by_name(object, "runs");
	if (cpus > CPUS_MAX || bpf_map_lookup_elem(fd, &zero, values) < 0)
		return 0;
	for (int i = 0; i < cpus; i++)
		sum += values[i];
	return (double)sum;
}

/* Fills `without` and `with`. A negative errno where the kernel refuses the programs. */
static int measure(const struct row *row, struct bpf_object *object, unsigned rounds, double *without,
                   double *with)
{
	struct bpf_link *links[PROGRAMS_MAX] = { 0 };
	const struct load *load = &loads[row->load];
	run(load);
	for (unsigned i = 0; i < rounds; i++) {
		without[i] = run(load);
		int err = attach(object, row, links);
		with[i] = err ? 0 : run(load);
		detach(links);
		if (err)
			return err;
		if (without[i] < 0 || with[i] < 0)
			return -EIO;
	}
	return 0;
}

static void print_row(const struct row *row, const struct bpf_object *object, unsigned rounds,
                      double *without, double *with)
{
	double base = median(without, rounds), hooked = median(with, rounds);
	double fired = runs_of(object) / rounds / loads[row->load].units;
	if (fired == 0)
		printf("%-24s %-40s never fires\n", loads[row->load].name, row->name);
	else
		printf("%-24s %-40s %8.0f ns  %+7.0f ns  %5.2fx  %5.1f runs\n", loads[row->load].name,
		       row->name, base, hooked - base, hooked / base, fired);
}

static void free_object(struct bpf_object **object)
{
	bpf_object__close(*object);
}

static void measure_row(const struct row *row, unsigned rounds)
{
	double without[ROUNDS_MAX], with[ROUNDS_MAX];
	size_t size;
	const void *elf = hooks_bpf__elf_bytes(&size);
	struct bpf_object *object cleanup(free_object) = bpf_object__open_mem(elf, size, NULL);
	int err = object ? select_programs(object, row) : -errno;
	if (!err)
		err = bpf_object__load(object);
	if (!err)
		err = measure(row, object, rounds, without, with);
	if (err)
		printf("%-24s %-40s refused: %s\n", loads[row->load].name, row->name, strerror(-err));
	else
		print_row(row, object, rounds, without, with);
	fflush(stdout);
}

static bool enter_scratch(const char *dir, char path[256])
{
	snprintf(path, 256, "%s/hook-cost-XXXXXX", dir);
	return mkdtemp(path) && chdir(path) == 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "rounds", required_argument, NULL, 'r' },
		                                 { "dir", required_argument, NULL, 'd' },
		                                 { 0 } };
	unsigned rounds = 9;
	const char *dir = "/tmp";
	char path[256];
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'r')
			rounds = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'd')
			dir = optarg;
		else
			return 2;
	}
	if (rounds == 0 || rounds > ROUNDS_MAX || !enter_scratch(dir, path)) {
		fprintf(stderr, "usage: hook_cost [--rounds 1..%d] [--dir DIR]\n", ROUNDS_MAX);
		return 2;
	}
	libbpf_set_print(print_nothing);
	printf("%-24s %-40s %11s  %10s  %6s  %s\n", "load", "hook", "without", "with", "", "a unit");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		measure_row(&rows[i], rounds);
	return chdir("/") < 0 || rmdir(path) < 0;
}
