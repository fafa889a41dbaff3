/* System calls that are not about files: what each is passed, and the fields that a record of it has, beside
 * the result and the call's number. */
#include "tests/vm/probes/actions.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct other_call {
	const char *name, *kind;
	int number, compat;
	uint64_t args[5];
	const char *fields; /* as root */
};

#define KEEP 0xffffffffu
#define USER 1001

/* At addresses that fit into 32 bits. */
static uint32_t groups[] = { 1003, 1004 };
static struct __user_cap_header_struct cap_header = { _LINUX_CAPABILITY_VERSION_3, 0 };
static struct __user_cap_data_struct cap_data[2] = { { 1 << CAP_CHOWN, 1 << CAP_CHOWN | 1 << CAP_KILL, 0 },
	                                             { 0, 0, 0 } };

#define ADDRESS(object) ((uint64_t)(uintptr_t)(object))
#define ROOT_IDS        "[0,0,0,0]"
#define USER_IDS        "[1001,1001,1001,1001]"

static struct other_call other_calls[] = {
	{ "setuid",
	  "credentials",
	  SYS_setuid,
	  213,
	  { USER },
	  "\"operation\":\"uid\",\"old_uids\":" ROOT_IDS ",\"new_uids\":" USER_IDS ",\"asked\":[1001]" },
	{ "setreuid",
	  "credentials",
	  SYS_setreuid,
	  203,
	  { KEEP, USER },
	  "\"operation\":\"uid\",\"old_uids\":" ROOT_IDS
	  ",\"new_uids\":[0,1001,1001,1001],\"asked\":[-1,1001]" },
	{ "setresuid",
	  "credentials",
	  SYS_setresuid,
	  208,
	  { KEEP, USER, KEEP },
	  "\"operation\":\"uid\",\"old_uids\":" ROOT_IDS
	  ",\"new_uids\":[0,1001,0,1001],\"asked\":[-1,1001,-1]" },
	{ "setfsuid",
	  "credentials",
	  SYS_setfsuid,
	  215,
	  { USER },
	  "\"operation\":\"uid\",\"old_uids\":" ROOT_IDS ",\"new_uids\":[0,0,0,1001],\"asked\":[1001]" },
	{ "setgid",
	  "credentials",
	  SYS_setgid,
	  214,
	  { USER },
	  "\"operation\":\"gid\",\"old_gids\":" ROOT_IDS ",\"new_gids\":" USER_IDS ",\"asked\":[1001]" },
	{ "setregid",
	  "credentials",
	  SYS_setregid,
	  204,
	  { KEEP, USER },
	  "\"operation\":\"gid\",\"old_gids\":" ROOT_IDS
	  ",\"new_gids\":[0,1001,1001,1001],\"asked\":[-1,1001]" },
	{ "setgroups",
	  "credentials",
	  SYS_setgroups,
	  206,
	  { 2, ADDRESS(groups) },
	  "\"operation\":\"groups\",\"asked\":[1003,1004],\"count\":2" },
	{ "capset",
	  "credentials",
	  SYS_capset,
	  185,
	  { ADDRESS(&cap_header), ADDRESS(cap_data) },
	  "\"operation\":\"capabilities\",\"capabilities\":[1,33,0]" },
	{ "no-new-privs",
	  "credentials",
	  SYS_prctl,
	  172,
	  { PR_SET_NO_NEW_PRIVS, 1 },
	  "\"operation\":\"prctl\",\"option\":\"PR_SET_NO_NEW_PRIVS\",\"arguments\":[1,0]" },
	{ "unshare",
	  "credentials",
	  SYS_unshare,
	  310,
	  { CLONE_NEWUTS },
	  "\"operation\":\"unshare\",\"flags\":67108864" },
};

static long attempt(const struct place *p, void *context)
{
	const struct other_call *c = context;
	return do_call(p, c->number, c->compat, c->args);
}

static void say(const struct other_call *c, const struct place *p, int pid, const struct outcome *outcome)
{
	say_begin(p, c->name, c->kind, pid, outcome);
	say_outcome(p, outcome);
	fprintf(say_to, ",\"syscall\":%d,\"fields\":{%s}", p->compat ? c->compat : c->number, c->fields);
	say_end();
}

void do_others(const struct place *p)
{
	if (strcmp(p->way, "absolute") != 0 && strcmp(p->way, "int80") != 0)
		return;
	for (size_t i = 0; i < sizeof(other_calls) / sizeof(other_calls[0]); i++) {
		struct outcome outcome;
		int pid = in_child(p, &outcome, 50 + (int)i, attempt, &other_calls[i]);
		say(&other_calls[i], p, pid, &outcome);
	}
}
