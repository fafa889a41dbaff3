/* One line of an audit.rules file, as auditctl takes it.
 *
 * Pure and bounded: a line in, what it asks for out. What the words mean for the kernel is libaudit's
 * business; here they are told apart, and refused where auditctl would refuse them.
 */
#ifndef SWORNLOG_CLI_AUDITCTL_H
#define SWORNLOG_CLI_AUDITCTL_H

#include "lib/cursor.h"

#define AUDITCTL_LINE_MAX   8192
#define AUDITCTL_WORDS_MAX  512
#define AUDITCTL_FIELDS_MAX 64
#define AUDITCTL_CALLS_MAX  512
#define AUDITCTL_KEYS_MAX   8

enum auditctl_form {
	AUDITCTL_NOTHING, /* blank, or a comment */
	AUDITCTL_SETTING, /* of audit itself: -b, -e, ... */
	AUDITCTL_WATCH,   /* -w */
	AUDITCTL_RULE,    /* -a, -A */
	AUDITCTL_REMOVAL, /* -d, -W */
};

enum auditctl_list {
	AUDITCTL_TASK,
	AUDITCTL_EXIT,
	AUDITCTL_USER,
	AUDITCTL_EXCLUDE,
	AUDITCTL_FILESYSTEM,
	AUDITCTL_IO_URING,
};

/* Access that a watch, or the field perm, is about. */
enum auditctl_access {
	AUDITCTL_READ = 1,
	AUDITCTL_WRITE = 2,
	AUDITCTL_EXECUTE = 4,
	AUDITCTL_ATTRIBUTES = 8,
};

struct auditctl_field {
	struct span name, op, value;
	bool compare; /* -C: the value is a field, too */
};

/* The spans point into `text`. */
struct auditctl_rule {
	enum auditctl_form form;
	struct span setting, argument; /* AUDITCTL_SETTING: the option with its dashes; what it is given */
	enum auditctl_list list;
	bool first;         /* -A */
	bool never;         /* the action; else always */
	struct span path;   /* of -w, or of the fields path and dir; empty: none */
	unsigned access;    /* enum auditctl_access bits; 0: not given */
	struct span arch;   /* empty: none */
	bool arch_excludes; /* arch!= */
	bool all_calls;     /* -S all */
	struct span call[AUDITCTL_CALLS_MAX];
	size_t calls;
	struct auditctl_field field[AUDITCTL_FIELDS_MAX]; /* without arch and key */
	size_t fields;
	struct span key[AUDITCTL_KEYS_MAX];
	size_t keys;
	uint8_t text[AUDITCTL_LINE_MAX];
};

/* `line` without its newline. 0; or -EINVAL and in *ret_why a sentence (`ret` then holds nothing of use). */
must_check int auditctl_parse(struct span line, struct auditctl_rule *ret, const char **ret_why);

#endif
