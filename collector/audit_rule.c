#include "collector/audit_rule.h"

#include <libaudit.h>

#define WORDS_MAX 64

void audit_rules_done(struct audit_rules *r)
{
	buf_done(&r->bytes);
	r->count = 0;
}

int audit_rules_add(struct audit_rules *r, struct span rule)
{
	if (r->count == AUDIT_RULES_MAX || rule.len > AUDIT_RULE_BYTES_MAX)
		return -E2BIG;
	buf_put_u32be(&r->bytes, (uint32_t)rule.len);
	buf_put(&r->bytes, rule.data, rule.len);
	int err = buf_err(&r->bytes);
	r->count += !err;
	return err;
}

bool audit_rules_next(const struct audit_rules *r, size_t *at, struct span *ret)
{
	struct cursor c;
	cursor_init(&c, r->bytes.data, r->bytes.len);
	(void)cursor_bytes(&c, *at);
	uint32_t len = cursor_u32be(&c);
	struct span rule = cursor_bytes(&c, len);
	if (c.err)
		return false;
	*at += sizeof(uint32_t) + len;
	*ret = rule;
	return true;
}

bool audit_rules_have(const struct audit_rules *r, struct span rule)
{
	struct span each;
	for (size_t at = 0; audit_rules_next(r, &at, &each);)
		if (audit_rule_equal(each, rule))
			return true;
	return false;
}

static void free_rule(struct audit_rule_data **rule)
{
	if (*rule)
		audit_rule_free_data(*rule);
}

static int put_rule(struct audit_rules *ret, struct audit_rule_data *rule, int list, int action)
{
	rule->flags = (uint32_t)list;
	rule->action = (uint32_t)action;
	struct span bytes = { (const uint8_t *)rule, sizeof(*rule) + rule->buflen };
	return audit_rules_add(ret, bytes);
}

/* The kernel does not keep where a rule was put, nor the bits that stand for classes of calls. */
static void normalise(struct audit_rule_data *rule)
{
	rule->flags &= ~(uint32_t)AUDIT_FILTER_PREPEND;
	rule->mask[AUDIT_BITMASK_SIZE - 1] &= UINT32_MAX >> AUDIT_SYSCALL_CLASSES;
}

bool audit_rule_equal(struct span rule, struct span listed)
{
	struct audit_rule_data a, b;
	if (rule.len < sizeof(a) || listed.len < rule.len)
		return false;
	memcpy(&a, rule.data, sizeof(a));
	memcpy(&b, listed.data, sizeof(b));
	normalise(&a);
	normalise(&b);
	return memcmp(&a, &b, sizeof(a)) == 0 && rule.len == sizeof(a) + b.buflen &&
	       memcmp(rule.data + sizeof(a), listed.data + sizeof(b), b.buflen) == 0;
}

struct draft {
	struct audit_rule_data *rule;
	int list, action;
	bool watch, has_arch, has_place;
	const char *why;
};

static int refuse(struct draft *d, const char *why)
{
	d->why = why;
	return -EINVAL;
}

/* By hand: libaudit takes a key only after what auditctl has told it behind its interface. */
static int take_key(struct draft *d, const char *key)
{
	size_t len = strlen(key), fields = d->rule->field_count;
	if (len > AUDIT_MAX_KEY_LEN || fields == AUDIT_MAX_FIELDS)
		return refuse(d, "the key is too long, or one of too many fields");
	struct audit_rule_data *rule = realloc(d->rule, sizeof(*rule) + d->rule->buflen + len);
	if (!rule)
		return -ENOMEM;
	d->rule = rule;
	memcpy((uint8_t *)rule + sizeof(*rule) + rule->buflen, key, len);
	rule->buflen += (uint32_t)len;
	rule->fields[fields] = AUDIT_FILTERKEY;
	rule->fieldflags[fields] = AUDIT_EQUAL;
	rule->values[fields] = (uint32_t)len;
	rule->field_count++;
	return 0;
}

/* libaudit writes into what it is given. */
static int take_field(struct draft *d, const char *text)
{
	if (strncmp(text, "key=", 4) == 0)
		return take_key(d, text + 4);
	cleanup_free char *copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	if (strncmp(text, "arch", 4) == 0)
		d->has_arch = true;
	return audit_rule_fieldpair_data(&d->rule, copy, d->list) ? refuse(d, "libaudit refuses a field") : 0;
}

static int take_compare(struct draft *d, const char *text)
{
	cleanup_free char *copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	return audit_rule_interfield_comp_data(&d->rule, copy, d->list)
	               ? refuse(d, "libaudit refuses a comparison")
	               : 0;
}

/* libaudit looks a call's number up in the table of the last `arch` that it saw, in whichever rule. */
static int take_calls(struct draft *d, const char *names)
{
	cleanup_free char *copy = strdup(names);
	char *rest = copy;
	if (!copy)
		return -ENOMEM;
	if (!d->has_arch && strcmp(names, "all") != 0)
		return refuse(d, "-S needs -F arch= before it");
	for (char *name = strsep(&rest, ","); name; name = strsep(&rest, ","))
		if (audit_rule_syscallbyname_data(d->rule, name))
			return refuse(d, "unknown system call");
	return 0;
}

static int take_place(struct draft *d, const char *text, bool first)
{
	cleanup_free char *copy = strdup(text);
	char *rest = copy;
	if (!copy)
		return -ENOMEM;
	const char *one = strsep(&rest, ","), *other = rest ? rest : "";
	int list = audit_name_to_flag(one), action = audit_name_to_action(other);
	if (list < 0 || action < 0) {
		list = audit_name_to_flag(other);
		action = audit_name_to_action(one);
	}
	if (list < 0 || action < 0)
		return refuse(d, "expected LIST,ACTION");
	d->list = first ? list | AUDIT_FILTER_PREPEND : list;
	d->action = action;
	d->has_place = true;
	return 0;
}

static int take_watch(struct draft *d, const char *path)
{
	d->list = AUDIT_FILTER_EXIT;
	d->action = AUDIT_ALWAYS;
	d->watch = d->has_place = true;
	return audit_add_watch(&d->rule, path) ? refuse(d, "libaudit refuses the watch") : 0;
}

static int take_permissions(struct draft *d, const char *text)
{
	static const struct {
		char letter;
		int bit;
	} letters[] = { { 'r', AUDIT_PERM_READ },
		        { 'w', AUDIT_PERM_WRITE },
		        { 'x', AUDIT_PERM_EXEC },
		        { 'a', AUDIT_PERM_ATTR } };
	int bits = 0;
	for (; *text; text++) {
		size_t i = 0;
		while (i < ARRAY_SIZE(letters) && letters[i].letter != *text)
			i++;
		if (i == ARRAY_SIZE(letters))
			return refuse(d, "-p takes letters of rwxa");
		bits |= letters[i].bit;
	}
	if (!d->watch || audit_update_watch_perms(d->rule, bits))
		return refuse(d, "-p needs a watch before it");
	return 0;
}

static int take_option(struct draft *d, const char *option, const char *value)
{
	char letter = option[0] == '-' && option[1] && !option[2] ? option[1] : '?';
	if (letter != 'a' && letter != 'A' && letter != 'w' && !d->has_place)
		return refuse(d, "expected -a, -A or -w first");
	switch (letter) {
	case 'a':
	case 'A':
		return take_place(d, value, letter == 'A');
	case 'w':
		return take_watch(d, value);
	case 'S':
		return take_calls(d, value);
	case 'F':
		return take_field(d, value);
	case 'C':
		return take_compare(d, value);
	case 'p':
		return take_permissions(d, value);
	case 'k':
		return take_key(d, value);
	default:
		return refuse(d, "expected -a, -A, -w, -S, -F, -C, -p or -k");
	}
}

static int parse_words(struct draft *d, char *line)
{
	const char *words[WORDS_MAX];
	size_t count = 0;
	char *rest = line;
	for (char *word = strsep(&rest, " \t"); word; word = strsep(&rest, " \t")) {
		if (*word && count == WORDS_MAX)
			return refuse(d, "too many words");
		if (*word)
			words[count++] = word;
	}
	if (count == 0 || count % 2)
		return refuse(d, "expected options with a value each");
	int err = 0;
	for (size_t i = 0; i < count && !err; i += 2)
		err = take_option(d, words[i], words[i + 1]);
	return err;
}

int audit_rule_parse(struct span line, struct audit_rules *ret, const char **ret_why)
{
	cleanup(free_rule) struct audit_rule_data *rule = audit_rule_create_data();
	struct draft d = { .rule = rule, .why = "out of memory" };
	if (line.len > AUDIT_RULE_LINE_MAX || memchr(line.data, '\0', line.len)) {
		*ret_why = "the line is too long";
		return -EINVAL;
	}
	cleanup_free char *copy = strndup((const char *)line.data, line.len);
	int err = rule && copy ? parse_words(&d, copy) : -ENOMEM;
	/* It may have been moved to grow. */
	rule = d.rule;
	if (!err)
		err = put_rule(ret, rule, d.list, d.action);
	if (err)
		*ret_why = err == -E2BIG ? "too many rules" : d.why;
	return err;
}

int audit_rule_put_exec(struct audit_rules *ret)
{
	static const char native[] =
	        "-a always,exit -F arch=b64 -S execve,execveat -F success=1 -k " AUDIT_RULE_KEY;
	static const char compat[] =
	        "-a always,exit -F arch=b32 -S execve,execveat -F success=1 -k " AUDIT_RULE_KEY;
	const char *why;
	int err = audit_rule_parse((struct span){ (const uint8_t *)native, sizeof(native) - 1 }, ret, &why);
	if (err)
		return err;
	err = audit_rule_parse((struct span){ (const uint8_t *)compat, sizeof(compat) - 1 }, ret, &why);
	return err == -EINVAL ? 0 : err;
}

int audit_rule_put_never(struct audit_rules *ret)
{
	cleanup(free_rule) struct audit_rule_data *rule = audit_rule_create_data();
	return rule ? put_rule(ret, rule, AUDIT_FILTER_TASK, AUDIT_NEVER) : -ENOMEM;
}
