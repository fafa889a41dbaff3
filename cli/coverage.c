#include "cli/coverage.h"

#include "cli/audit_words.h"
#include "evidence/entry.h"

#define WRITES (03 | 0100 | 01000) /* O_ACCMODE, O_CREAT, O_TRUNC */

struct calls {
	uint8_t kind[2]; /* the second may be 0 */
	const char *names;
};

/* Calls that open: they are told if they write or create. */
static const char opens[] = "open openat openat2 open_by_handle_at";

static const struct calls calls[] = {
	{ { KIND_EXEC, KIND_EXEC_FAILED }, "execve execveat" },
	{ { KIND_CREDENTIALS },
	  "setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32 setresuid setresuid32 "
	  "setresgid setresgid32 setgroups setgroups32 capset unshare setns" },
	{ { KIND_EXIT }, "exit exit_group" },
	{ { KIND_OPEN }, "creat" },
	{ { KIND_RENAME }, "rename renameat renameat2" },
	{ { KIND_UNLINK, KIND_RMDIR }, "unlink unlinkat" },
	{ { KIND_LINK }, "link linkat" },
	{ { KIND_SYMLINK }, "symlink symlinkat" },
	{ { KIND_MKDIR }, "mkdir mkdirat" },
	{ { KIND_RMDIR }, "rmdir" },
	{ { KIND_MKNOD }, "mknod mknodat" },
	{ { KIND_CHMOD }, "chmod fchmod fchmodat fchmodat2" },
	{ { KIND_CHOWN }, "chown chown32 fchown fchown32 lchown lchown32 fchownat" },
	{ { KIND_TRUNCATE }, "truncate truncate64 ftruncate ftruncate64" },
	{ { KIND_SETXATTR }, "setxattr lsetxattr fsetxattr setxattrat" },
	{ { KIND_REMOVEXATTR }, "removexattr lremovexattr fremovexattr removexattrat" },
	{ { KIND_MOUNT }, "mount move_mount fsmount mount_setattr pivot_root chroot" },
	{ { KIND_UMOUNT }, "umount umount2" },
	{ { KIND_PTRACE }, "ptrace process_vm_readv process_vm_writev pidfd_getfd" },
	{ { KIND_MODULE_LOAD }, "init_module finit_module" },
	{ { KIND_MODULE_UNLOAD }, "delete_module" },
	{ { KIND_TIME },
	  "clock_settime clock_settime64 settimeofday stime adjtimex clock_adjtime clock_adjtime64" },
	{ { KIND_CONNECT }, "connect" },
	{ { KIND_ACCEPT }, "accept accept4" },
	{ { KIND_BIND }, "bind" },
};

const char *coverage_name(enum coverage_verdict v)
{
	static const char *const names[] = {
		"nothing",   "covered", "covered by the watch", "needs an audit rule",
		"exclusion", "setting", "not supported"
	};
	return names[v];
}

const char *coverage_word(enum coverage_verdict v)
{
	static const char *const words[] = { "nothing",   "covered", "watch",      "rule",
		                             "exclusion", "setting", "unsupported" };
	return words[v];
}

bool coverage_kind_is_optional(uint64_t kind)
{
	return kind >= KIND_CONNECT && kind <= KIND_BIND;
}

static bool in_list(const char *names, struct span word)
{
	for (const char *at = names; *at;) {
		size_t n = strcspn(at, " ");
		if (word.len == n && memcmp(at, word.data, n) == 0)
			return true;
		at += n + (at[n] == ' ');
	}
	return false;
}

/* What of these calls is not told; NULL: nothing. */
static const char *not_told(uint64_t kind)
{
	if (kind == KIND_PTRACE)
		return "requests that neither attach nor change are not told one by one";
	if (kind == KIND_ACCEPT)
		return "calls that failed are not told";
	return kind == KIND_TIME ? "calls that only ask are not told" : NULL;
}

static bool add_call(struct coverage *c, struct span name)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (!in_list(calls[i].names, name))
			continue;
		c->kind[calls[i].kind[0]] = true;
		if (calls[i].kind[1])
			c->kind[calls[i].kind[1]] = true;
		c->why = not_told(calls[i].kind[0]);
		return true;
	}
	return false;
}

static void add_access(struct coverage *c, unsigned access)
{
	if (access & AUDITCTL_WRITE) {
		for (uint64_t kind = KIND_OPEN; kind <= KIND_MKNOD; kind++)
			c->kind[kind] = true;
		c->kind[KIND_TRUNCATE] = true;
	}
	if (access & AUDITCTL_ATTRIBUTES) {
		c->kind[KIND_CHMOD] = true;
		c->kind[KIND_CHOWN] = true;
		c->kind[KIND_SETXATTR] = true;
		c->kind[KIND_REMOVEXATTR] = true;
	}
	if (access & AUDITCTL_EXECUTE) {
		c->kind[KIND_EXEC] = true;
		c->kind[KIND_EXEC_FAILED] = true;
	}
}

static void verdict(struct coverage *c, enum coverage_verdict v, const char *why)
{
	c->verdict = v;
	c->why = why;
}

/* Paths of the section `watch` are patterns. */
static bool has_pattern(struct span path)
{
	for (size_t i = 0; i < path.len; i++) {
		if (strchr("*?[", path.data[i]))
			return true;
	}
	return false;
}

static void add_watch(struct coverage *c, const struct auditctl_rule *r)
{
	if (has_pattern(r->path)) {
		verdict(c, COVERAGE_RULE, NULL);
		return;
	}
	c->kind[KIND_READ] = true;
	c->watch = true;
	/* More than the path and what is done to it. */
	verdict(c, COVERAGE_WATCH, r->fields > 2 ? "the watch tells of everybody" : NULL);
}

static void cover_access(struct coverage *c, const struct auditctl_rule *r, unsigned access)
{
	add_access(c, access);
	verdict(c, COVERAGE_COVERED, NULL);
	if (access & AUDITCTL_READ)
		add_watch(c, r);
}

/* The flags argument of each call that opens: `-F a1&0100` narrows it to opens that write or create. */
static const char *flags_argument(struct span call)
{
	return span_is(call, "open") ? "a1" : span_is(call, "openat2") ? NULL : "a2";
}

static bool only_writes(const struct auditctl_rule *r, struct span call)
{
	const char *argument = flags_argument(call);
	if (r->access && !(r->access & AUDITCTL_READ))
		return true;
	for (size_t i = 0; argument && i < r->fields; i++) {
		const struct auditctl_field *f = &r->field[i];
		uint64_t mask;
		if (!f->compare && span_is(f->name, argument) && f->op.data[0] == '&' &&
		    audit_word_number(f->value, &mask) == 0 && mask && !(mask & ~(uint64_t)WRITES))
			return true;
	}
	return false;
}

/* True if some kind, or the watch, tells of it. */
static bool cover_call(struct coverage *c, const struct auditctl_rule *r, struct span call)
{
	if (!in_list(opens, call))
		return add_call(c, call);
	c->kind[KIND_OPEN] = true;
	if (only_writes(r, call))
		return true;
	if (r->path.len == 0 || has_pattern(r->path))
		return false;
	c->kind[KIND_READ] = true;
	c->watch = true;
	return true;
}

static void cover_calls(struct coverage *c, const struct auditctl_rule *r)
{
	bool all = true;
	for (size_t i = 0; i < r->calls; i++) {
		c->kept[i] = !cover_call(c, r, r->call[i]);
		all = all && !c->kept[i];
	}
	if (!all)
		verdict(c, COVERAGE_RULE, NULL);
	else if (c->watch)
		add_watch(c, r);
	else
		c->verdict = COVERAGE_COVERED;
}

static void cover_exit(struct coverage *c, const struct auditctl_rule *r)
{
	const unsigned any = AUDITCTL_READ | AUDITCTL_WRITE | AUDITCTL_EXECUTE | AUDITCTL_ATTRIBUTES;
	if (r->calls > 0 && !r->all_calls)
		cover_calls(c, r);
	else if (r->path.len > 0)
		cover_access(c, r, r->access ? r->access : any);
	else if (r->access && !(r->access & AUDITCTL_READ))
		cover_access(c, r, r->access);
	else
		verdict(c, COVERAGE_RULE, NULL);
}

static void cover_user(struct coverage *c)
{
	for (uint64_t kind = KIND_AUDIT_LOGIN; kind <= KIND_AUDIT_OTHER; kind++)
		c->kind[kind] = true;
	verdict(c, COVERAGE_COVERED, "messages of programs are told anyway");
}

static void cover_rule(struct coverage *c, const struct auditctl_rule *r)
{
	if (r->never || r->list == AUDITCTL_EXCLUDE) {
		verdict(c, COVERAGE_EXCLUSION, "not taken over: what it would hide is told");
		return;
	}
	switch (r->list) {
	case AUDITCTL_TASK:
		verdict(c, COVERAGE_SETTING, "reports nothing by itself");
		return;
	case AUDITCTL_EXIT:
		cover_exit(c, r);
		return;
	case AUDITCTL_USER:
		cover_user(c);
		return;
	case AUDITCTL_FILESYSTEM:
	case AUDITCTL_IO_URING:
		memset(c->kept, true, r->calls);
		verdict(c, COVERAGE_RULE, NULL);
		return;
	case AUDITCTL_EXCLUDE:
		return;
	}
}

struct setting {
	const char *name;
	const char *argument; /* NULL: any */
	bool promise;         /* that something would be missing without */
	const char *why;
};

static const struct setting settings[] = {
	{ "-e", "2", true,
	  "the agent does not lock the rules: keep a file that auditctl loads last at boot" },
	{ "-f", "2", true, "the agent never stops the machine when audit fails" },
	{ "-f", NULL, false, "loss is declared in the log" },
	{ "-e", NULL, false, "'audit_enable' in agent.yaml" },
	{ "-b", NULL, false,
	  "the agent declares a backlog that is too small; boot with audit_backlog_limit=" },
	{ "-r", NULL, false, "the agent does not limit audit" },
	{ "-D", NULL, false, "the agent removes no rules but its own" },
	{ "-i", NULL, false, "how auditctl takes errors" },
	{ "-c", NULL, false, "how auditctl takes errors" },
	{ "--backlog_wait_time", NULL, false, "the agent does not make processes wait" },
	{ "--reset-lost", NULL, false, "the agent never resets the count" },
	{ "--reset_backlog_wait_time_actual", NULL, false, "the agent never resets the count" },
	{ "--loginuid-immutable", NULL, true,
	  "the agent does not set it: keep a file that auditctl loads at boot" },
	{ "-R", NULL, true, "names another file: give that one, too" },
	{ "-q", NULL, true, "the kernel forgets it with auditd's rules: watch the mount's path" },
};

static void cover_setting(struct coverage *c, const struct auditctl_rule *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		const struct setting *s = &settings[i];
		if (!span_is(r->setting, s->name) || (s->argument && !span_is(r->argument, s->argument)))
			continue;
		verdict(c, s->promise ? COVERAGE_UNSUPPORTED : COVERAGE_SETTING, s->why);
		return;
	}
	verdict(c, COVERAGE_SETTING, "asks or tells audit something, once");
}

void coverage_of(const struct auditctl_rule *rule, enum machine here, struct coverage *ret)
{
	*ret = (struct coverage){ .verdict = COVERAGE_NOTHING };
	const char *fault = rule->form == AUDITCTL_RULE ? audit_words_check(rule, here) : NULL;
	if (fault) {
		verdict(ret, COVERAGE_UNSUPPORTED, fault);
		return;
	}
	switch (rule->form) {
	case AUDITCTL_NOTHING:
		return;
	case AUDITCTL_SETTING:
		cover_setting(ret, rule);
		return;
	case AUDITCTL_WATCH:
		cover_access(ret, rule, rule->access ? rule->access : 15);
		return;
	case AUDITCTL_RULE:
		cover_rule(ret, rule);
		return;
	case AUDITCTL_REMOVAL:
		verdict(ret, COVERAGE_SETTING,
		        "takes back what stands before it, which is told all the same");
		return;
	}
}
