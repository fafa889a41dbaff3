#include "cli/audit_words.h"

#include <libaudit.h>

#define WORD_MAX 64

int audit_word_number(struct span s, uint64_t *ret)
{
	char text[WORD_MAX], *end;
	if (s.len == 0 || s.len >= sizeof(text) || s.data[0] < '0' || s.data[0] > '9')
		return -EBADMSG;
	memcpy(text, s.data, s.len);
	text[s.len] = 0;
	errno = 0;
	unsigned long long v = strtoull(text, &end, 0);
	if (errno || *end)
		return -EBADMSG;
	*ret = v;
	return 0;
}

static bool copy_word(struct span s, char ret[WORD_MAX])
{
	if (s.len >= WORD_MAX || s.len == 0)
		return false;
	memcpy(ret, s.data, s.len);
	ret[s.len] = 0;
	return true;
}

/* b64, b32, or a name that libaudit knows. */
static bool find_machine(struct span arch, enum machine here, enum machine *ret)
{
	static const struct {
		const char *name;
		enum machine machine;
	} names[] = { { "x86_64", MACHINE_X86_64 }, { "i386", MACHINE_I386 }, { "i486", MACHINE_I386 },
		      { "i586", MACHINE_I386 },     { "i686", MACHINE_I386 }, { "aarch64", MACHINE_AARCH64 },
		      { "arm", MACHINE_ARM },       { "armv7l", MACHINE_ARM } };
	if (arch.len == 0 || span_is(arch, "b64") || span_is(arch, "b32")) {
		*ret = span_is(arch, "b32") ? machine_compat(here) : here;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (span_is(arch, names[i].name)) {
			*ret = names[i].machine;
			return true;
		}
	}
	return false;
}

static bool known_call(struct span call, enum machine m)
{
	char name[WORD_MAX];
	uint64_t number;
	return audit_word_number(call, &number) == 0 ||
	       (copy_word(call, name) && machine_syscall(m, name) >= 0);
}

/* Newer than this libaudit, maybe; but what we tell of ourselves is no misspelling. */
static bool newer_call(struct span call)
{
	static const char *const names[] = { "openat2", "fchmodat2", "setxattrat", "removexattrat" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (span_is(call, names[i]))
			return true;
	}
	return false;
}

static const char *check_calls(const struct auditctl_rule *rule, enum machine here)
{
	enum machine m, other = here == MACHINE_AARCH64 ? MACHINE_X86_64 : MACHINE_AARCH64, o;
	size_t known = 0;
	if (!find_machine(rule->arch, here, &m))
		return "its architecture is neither this machine's nor one whose programs it runs";
	if (!find_machine(rule->arch, other, &o))
		return "no architecture";
	for (size_t i = 0; i < rule->calls; i++) {
		bool is_known = known_call(rule->call[i], m) || newer_call(rule->call[i]);
		if (!is_known && !known_call(rule->call[i], o))
			return "names a system call that does not exist";
		known += is_known;
	}
	return rule->calls > 0 && known == 0 && rule->list != AUDITCTL_IO_URING
	               ? "none of its system calls exists on this machine"
	               : NULL;
}

static const char *check_field(const struct auditctl_field *f)
{
	char name[WORD_MAX];
	if (!copy_word(f->name, name) || audit_name_to_field(name) < 0)
		return "names a field that does not exist";
	if (f->compare && (!copy_word(f->value, name) || audit_name_to_field(name) < 0))
		return "compares with a field that does not exist";
	return NULL;
}

const char *audit_words_check(const struct auditctl_rule *rule, enum machine here)
{
	for (size_t i = 0; i < rule->fields; i++) {
		const char *fault = check_field(&rule->field[i]);
		if (fault)
			return fault;
	}
	/* Operations of io_uring have names of their own. */
	return rule->list == AUDITCTL_IO_URING ? NULL : check_calls(rule, here);
}
