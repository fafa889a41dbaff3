#include "cli/auditctl.h"

#include "lib/text.h"

struct words {
	struct span word[AUDITCTL_WORDS_MAX];
	size_t count;
};

struct parser {
	struct auditctl_rule *rule;
	struct words words;
	size_t at; /* the word that is next */
	const char *why;
};

static bool refuse(struct parser *p, const char *why)
{
	p->why = why;
	return false;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* One word without its quotes, which are copied away into `text`. A backslash takes the next byte as it is.
 */
static bool take_word(struct parser *p, struct span line, size_t *at, size_t *used)
{
	uint8_t quote = 0;
	size_t start = *used;
	for (; *at < line.len && (quote || !is_blank(line.data[*at])); (*at)++) {
		uint8_t c = line.data[*at];
		if (c == '\\' && *at + 1 < line.len && quote != '\'')
			c = line.data[++*at];
		else if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? 0 : c;
			continue;
		}
		p->rule->text[(*used)++] = c;
	}
	if (quote)
		return refuse(p, "a quote is not closed");
	if (p->words.count == AUDITCTL_WORDS_MAX)
		return refuse(p, "too many words");
	p->words.word[p->words.count++] = (struct span){ p->rule->text + start, *used - start };
	return true;
}

static bool split(struct parser *p, struct span line)
{
	size_t at = 0, used = 0;
	if (line.len > AUDITCTL_LINE_MAX)
		return refuse(p, "the line is too long");
	if (line.len > 0 && memchr(line.data, '\0', line.len))
		return refuse(p, "the line holds a zero byte");
	for (;;) {
		while (at < line.len && is_blank(line.data[at]))
			at++;
		if (at == line.len || (p->words.count == 0 && line.data[at] == '#'))
			return true;
		if (!take_word(p, line, &at, &used))
			return false;
	}
}

static bool need_rule(struct parser *p)
{
	return p->rule->form == AUDITCTL_RULE || p->rule->form == AUDITCTL_REMOVAL ||
	       refuse(p, "this option belongs behind -a, -A or -d");
}

static bool begin(struct parser *p, enum auditctl_form form)
{
	if (p->rule->form != AUDITCTL_NOTHING)
		return refuse(p, "two rules in one line");
	p->rule->form = form;
	return true;
}

static bool take_list(struct span word, enum auditctl_list *ret)
{
	static const char *const names[] = { "task", "exit", "user", "exclude", "filesystem", "io_uring" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (span_is(word, names[i])) {
			*ret = (enum auditctl_list)i;
			return true;
		}
	}
	return false;
}

static bool take_action(struct span word, bool *ret_never)
{
	*ret_never = span_is(word, "never");
	return *ret_never || span_is(word, "always");
}

static bool take_place(struct parser *p, struct span value)
{
	struct auditctl_rule *r = p->rule;
	struct span rest, one = text_split(value, ',', &rest);
	if ((take_list(one, &r->list) && take_action(rest, &r->never)) ||
	    (take_list(rest, &r->list) && take_action(one, &r->never)))
		return true;
	return refuse(p, "expected LIST,ACTION: task, exit, user, exclude, filesystem or io_uring, and "
	                 "always or never");
}

static bool put_append(struct parser *p, struct span value)
{
	return begin(p, AUDITCTL_RULE) && take_place(p, value);
}

static bool put_prepend(struct parser *p, struct span value)
{
	p->rule->first = true;
	return put_append(p, value);
}

static bool put_removal(struct parser *p, struct span value)
{
	return begin(p, AUDITCTL_REMOVAL) && take_place(p, value);
}

static bool set_path(struct parser *p, struct span path)
{
	if (path.len == 0 || path.data[0] != '/')
		return refuse(p, "a path must be absolute");
	if (path.len > 4095)
		return refuse(p, "a path is too long");
	if (p->rule->path.len > 0)
		return refuse(p, "a second path");
	p->rule->path = path;
	return true;
}

static bool put_watch(struct parser *p, struct span value)
{
	p->rule->list = AUDITCTL_EXIT;
	return begin(p, AUDITCTL_WATCH) && set_path(p, value);
}

static bool put_watch_removal(struct parser *p, struct span value)
{
	return begin(p, AUDITCTL_REMOVAL) && set_path(p, value);
}

static bool set_access(struct parser *p, struct span letters)
{
	static const char known[] = "rwxa";
	unsigned access = 0;
	for (size_t i = 0; i < letters.len; i++) {
		const char *at = memchr(known, letters.data[i], sizeof(known) - 1);
		if (!at)
			return refuse(p, "permissions are letters of rwxa");
		access |= 1u << (at - known);
	}
	if (access == 0 || p->rule->access)
		return refuse(p, "permissions are given once, and some");
	p->rule->access = access;
	return true;
}

static bool put_permissions(struct parser *p, struct span value)
{
	if (p->rule->form != AUDITCTL_WATCH && p->rule->form != AUDITCTL_REMOVAL)
		return refuse(p, "-p belongs to -w; in a rule it is -F perm=");
	return set_access(p, value);
}

static bool put_key(struct parser *p, struct span value)
{
	if (p->rule->form == AUDITCTL_NOTHING)
		return refuse(p, "-k belongs behind a rule");
	if (value.len == 0 || value.len > 31 * AUDITCTL_KEYS_MAX)
		return refuse(p, "a key is empty or too long");
	if (p->rule->keys == AUDITCTL_KEYS_MAX)
		return refuse(p, "too many keys");
	p->rule->key[p->rule->keys++] = value;
	return true;
}

static bool put_calls(struct parser *p, struct span value)
{
	struct auditctl_rule *r = p->rule;
	if (!need_rule(p))
		return false;
	for (struct span rest = value; rest.data;) {
		struct span name = text_split(rest, ',', &rest);
		if (name.len == 0)
			return refuse(p, "-S without a name");
		if (span_is(name, "all")) {
			r->all_calls = true;
			continue;
		}
		if (r->calls == AUDITCTL_CALLS_MAX)
			return refuse(p, "too many system calls");
		r->call[r->calls++] = name;
	}
	return true;
}

/* Longest first. */
static const char *const operators[] = { "!=", "<=", ">=", "&=", "=", "<", ">", "&" };

static bool split_field(struct span text, struct auditctl_field *ret)
{
	for (size_t i = 1; i < text.len; i++) {
		struct span rest = { text.data + i, text.len - i };
		for (size_t o = 0; o < ARRAY_SIZE(operators); o++) {
			size_t n = strlen(operators[o]);
			if (!span_starts(rest, operators[o]) || rest.len == n)
				continue;
			*ret = (struct auditctl_field){
				{ text.data, i }, { rest.data, n }, { rest.data + n, rest.len - n }, false
			};
			return true;
		}
	}
	return false;
}

static bool set_arch(struct parser *p, const struct auditctl_field *f)
{
	if (p->rule->arch.len > 0)
		return refuse(p, "a second arch");
	if (p->rule->calls > 0 || p->rule->all_calls)
		return refuse(p, "arch belongs before -S");
	p->rule->arch = f->value;
	p->rule->arch_excludes = span_is(f->op, "!=");
	return p->rule->arch_excludes || span_is(f->op, "=") || refuse(p, "arch takes = or !=");
}

/* Fields that are kept apart take = only; all the others as they are. */
static bool set_field(struct parser *p, const struct auditctl_field *f)
{
	struct auditctl_rule *r = p->rule;
	bool equal = span_is(f->op, "=");
	if (span_is(f->name, "arch"))
		return set_arch(p, f);
	if (span_is(f->name, "key"))
		return equal ? put_key(p, f->value) : refuse(p, "key takes =");
	if (r->fields == AUDITCTL_FIELDS_MAX)
		return refuse(p, "too many fields");
	r->field[r->fields++] = *f;
	if (span_is(f->name, "path") || span_is(f->name, "dir"))
		return equal ? set_path(p, f->value) : refuse(p, "path and dir take =");
	if (span_is(f->name, "perm"))
		return equal ? set_access(p, f->value) : refuse(p, "perm takes =");
	return true;
}

static bool put_field(struct parser *p, struct span value)
{
	struct auditctl_field f;
	if (!need_rule(p))
		return false;
	return split_field(value, &f) ? set_field(p, &f)
	                              : refuse(p, "-F takes NAME, an operator and a value");
}

static bool put_compare(struct parser *p, struct span value)
{
	struct auditctl_rule *r = p->rule;
	struct auditctl_field f;
	if (!need_rule(p))
		return false;
	if (!split_field(value, &f) || (!span_is(f.op, "=") && !span_is(f.op, "!=")))
		return refuse(p, "-C takes FIELD=FIELD or FIELD!=FIELD");
	if (r->fields == AUDITCTL_FIELDS_MAX)
		return refuse(p, "too many fields");
	f.compare = true;
	r->field[r->fields++] = f;
	return true;
}

struct option {
	const char *name;
	bool takes_value;
	bool (*put)(struct parser *p, struct span value); /* NULL: a setting */
};

static const struct option options[] = {
	{ "-a", true, put_append },
	{ "-A", true, put_prepend },
	{ "-d", true, put_removal },
	{ "-w", true, put_watch },
	{ "-W", true, put_watch_removal },
	{ "-p", true, put_permissions },
	{ "-k", true, put_key },
	{ "-S", true, put_calls },
	{ "-F", true, put_field },
	{ "-C", true, put_compare },
	{ "-D", false, NULL },
	{ "-b", true, NULL },
	{ "-f", true, NULL },
	{ "-r", true, NULL },
	{ "-e", true, NULL },
	{ "-i", false, NULL },
	{ "-c", false, NULL },
	{ "-s", false, NULL },
	{ "-l", false, NULL },
	{ "-v", false, NULL },
	{ "-t", false, NULL },
	{ "-q", true, NULL },
	{ "-m", true, NULL },
	{ "-R", true, NULL },
	{ "--backlog_wait_time", true, NULL },
	{ "--loginuid-immutable", false, NULL },
	{ "--reset-lost", false, NULL },
	{ "--reset_backlog_wait_time_actual", false, NULL },
	{ "--signal", true, NULL },
};

/* `-k key`, `-kkey`, `--option value` or `--option=value`. */
static const struct option *find_option(struct span word, struct span *ret_attached)
{
	*ret_attached = (struct span){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *o = &options[i];
		size_t n = strlen(o->name);
		if (!span_starts(word, o->name))
			continue;
		if (word.len == n)
			return o;
		bool longer = o->name[1] == '-';
		size_t skip = n + (longer ? 1 : 0);
		if (!o->takes_value || (longer && word.data[n] != '='))
			continue;
		*ret_attached = (struct span){ word.data + skip, word.len - skip };
		return o;
	}
	return NULL;
}

static bool put_setting(struct parser *p, struct span option, struct span value)
{
	/* -D may carry a key: which of the rules to remove. */
	if (!begin(p, AUDITCTL_SETTING))
		return false;
	p->rule->setting = option;
	p->rule->argument = value;
	return true;
}

static bool take_option(struct parser *p)
{
	struct span word = p->words.word[p->at++], value;
	const struct option *o = find_option(word, &value);
	if (!o)
		return refuse(p, "no option of auditctl");
	if (o->takes_value && !value.data) {
		if (p->at == p->words.count)
			return refuse(p, "an option without its value");
		value = p->words.word[p->at++];
	}
	struct span name = { word.data, strlen(o->name) };
	return o->put ? o->put(p, value) : put_setting(p, name, value);
}

static bool take_words(struct parser *p)
{
	while (p->at < p->words.count) {
		if (!take_option(p))
			return false;
	}
	return true;
}

int auditctl_parse(struct span line, struct auditctl_rule *ret, const char **ret_why)
{
	struct parser p = { .rule = ret };
	*ret = (struct auditctl_rule){ 0 };
	if (split(&p, line) && take_words(&p))
		return 0;
	*ret_why = p.why;
	return -EINVAL;
}
