#include <stdarg.h>
#include <stdio.h>

#include "evidence/policy_layout.h"
#include "lib/text.h"

struct parser {
	struct policy *policy;
	unsigned line;
	struct span rest; /* of the line */
	char *error;
	size_t error_size;
};

static int fail(const struct parser *p, const char *fmt, ...) printf_like(2, 3);
static int fail(const struct parser *p, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(p->error, p->error_size, "line %u: ", p->line);
	if (n < 0 || (size_t)n >= p->error_size)
		return -EINVAL;
	va_start(ap, fmt);
	vsnprintf(p->error + n, p->error_size - (size_t)n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int no_memory(const struct parser *p)
{
	fail(p, "out of memory");
	return -ENOMEM;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* The next word of the line; empty at its end. */
static struct span word(struct parser *p)
{
	while (p->rest.len > 0 && is_blank(p->rest.data[0])) {
		p->rest.data++;
		p->rest.len--;
	}
	struct span s = { p->rest.data, 0 };
	while (s.len < p->rest.len && !is_blank(s.data[s.len]))
		s.len++;
	p->rest.data += s.len;
	p->rest.len -= s.len;
	return s;
}

/* A word for a message: at most 60 bytes of it, fit for a terminal. */
struct shown {
	char text[256];
};

static struct shown show(struct span s)
{
	cleanup_buf struct buf b = { 0 };
	struct shown r;
	text_put_escaped(&b, (struct span){ s.data, MIN(s.len, (size_t)60) });
	snprintf(r.text, sizeof(r.text), "%.*s", (int)b.len, b.len ? (const char *)b.data : "");
	return r;
}

/* The member's bit, or 0. */
static uint64_t find(const struct policy *p, struct span name)
{
	for (size_t i = 0; i < p->witness_count; i++) {
		if (span_is(name, p->witness[i].name))
			return (uint64_t)1 << i;
	}
	for (size_t i = 0; i < p->group_count; i++) {
		if (span_is(name, p->group[i].name))
			return POLICY_GROUP_BIT(i);
	}
	return 0;
}

static int take_name(struct parser *p, const char *what, char **ret)
{
	struct span s = word(p);
	if (s.len == 0)
		return fail(p, "a %s needs a name", what);
	if (s.len > POLICY_NAME_MAX)
		return fail(p, "a name has at most %d bytes", POLICY_NAME_MAX);
	if (span_is(s, "none"))
		return fail(p, "'none' is no name for a %s: it stands for no quorum", what);
	if (find(p->policy, s))
		return fail(p, "the name '%s' is taken already", show(s).text);
	*ret = strndup((const char *)s.data, s.len);
	return *ret ? 0 : no_memory(p);
}

static int take_key(struct parser *p, uint8_t type, struct key *ret)
{
	struct span s = word(p);
	struct key k;
	if (s.len == 0)
		return fail(p, "a verifier key is missing: <name>+<id>+<base64>");
	int r = key_parse(s, &k);
	if (r == -EKEYREJECTED)
		return fail(p, "'%s' is a weak key", show(s).text);
	if (r < 0)
		return fail(p, "'%s' is no verifier key of type 0x01 or 0x04", show(s).text);
	if (k.type != type)
		return fail(p, "the key '%s' is of type 0x%02x: a %s has one of type 0x%02x", k.name, k.type,
		            type == KEY_TYPE_ED25519 ? "log" : "witness", type);
	*ret = k;
	return 0;
}

/* One key for one role: two witnesses of one key would be one vote twice, and a log must not be its own
 * witness. */
static int check_new_key(const struct parser *p, const struct key *k)
{
	const struct policy *policy = p->policy;
	for (size_t i = 0; i < policy->log_count; i++) {
		if (memcmp(policy->log[i].key.pub.b, k->pub.b, sizeof(k->pub.b)) == 0)
			return fail(p, "the key of '%s' is a log's already", k->name);
	}
	for (size_t i = 0; i < policy->witness_count; i++) {
		if (memcmp(policy->witness[i].key.pub.b, k->pub.b, sizeof(k->pub.b)) == 0)
			return fail(p, "the key of '%s' is that of witness '%s' already", k->name,
			            policy->witness[i].name);
	}
	return 0;
}

static int check_end(struct parser *p)
{
	struct span s = word(p);
	return s.len ? fail(p, "'%s' is one word too many", show(s).text) : 0;
}

static int take_url(struct parser *p, char **ret)
{
	struct span s = word(p);
	if (s.len == 0)
		return 0;
	if (s.len > POLICY_URL_MAX)
		return fail(p, "a URL has at most %d bytes", POLICY_URL_MAX);
	*ret = strndup((const char *)s.data, s.len);
	return *ret ? check_end(p) : no_memory(p);
}

static int take_log(struct parser *p)
{
	if (p->policy->log_count == POLICY_MAX_LOGS)
		return fail(p, "more than %d logs", POLICY_MAX_LOGS);
	struct policy_log *l = &p->policy->log[p->policy->log_count];
	int r = take_key(p, KEY_TYPE_ED25519, &l->key);
	if (r == 0)
		r = check_new_key(p, &l->key);
	if (r < 0)
		return r;
	p->policy->log_count++;
	return take_url(p, &l->url);
}

static int take_witness(struct parser *p)
{
	if (p->policy->witness_count == POLICY_MAX_WITNESSES)
		return fail(p, "more than %d witnesses", POLICY_MAX_WITNESSES);
	cleanup_free char *name = NULL;
	struct policy_witness *w = &p->policy->witness[p->policy->witness_count];
	int r = take_name(p, "witness", &name);
	if (r == 0)
		r = take_key(p, KEY_TYPE_COSIGNATURE, &w->key);
	if (r == 0)
		r = check_new_key(p, &w->key);
	if (r < 0)
		return r;
	w->name = TAKE_PTR(name);
	p->policy->witness_count++;
	return take_url(p, &w->url);
}

static uint64_t grouped(const struct policy *p)
{
	uint64_t all = 0;
	for (size_t i = 0; i < p->group_count; i++)
		all |= p->group[i].members;
	return all;
}

static int take_members(struct parser *p, const char *name, uint64_t *ret)
{
	uint64_t members = 0, elsewhere = grouped(p->policy);
	for (struct span s = word(p); s.len > 0; s = word(p)) {
		uint64_t bit = find(p->policy, s);
		if (!bit)
			return fail(p, "'%s' is no witness or group of a line above", show(s).text);
		if ((members | elsewhere) & bit)
			return fail(p, "'%s' is a member already: a name counts once", show(s).text);
		members |= bit;
	}
	if (!members)
		return fail(p, "the group '%s' has no members", show(span_str(name)).text);
	*ret = members;
	return 0;
}

/* all, any, or a number: told apart before the members are known. 0 stands for all. */
static int take_threshold(struct parser *p, uint64_t *ret)
{
	struct span s = word(p);
	if (span_is(s, "all"))
		*ret = 0;
	else if (span_is(s, "any"))
		*ret = 1;
	else if (text_decimal(s, ret) < 0 || *ret == 0)
		return fail(p, "'%s' is not all, any or a number from 1", show(s).text);
	return 0;
}

static int take_group(struct parser *p)
{
	if (p->policy->group_count == POLICY_MAX_GROUPS)
		return fail(p, "more than %d groups", POLICY_MAX_GROUPS);
	cleanup_free char *name = NULL;
	struct policy_group g = { 0 };
	uint64_t need;
	int r = take_name(p, "group", &name);
	if (r == 0)
		r = take_threshold(p, &need);
	if (r == 0)
		r = take_members(p, name, &g.members);
	if (r < 0)
		return r;
	unsigned count = (unsigned)__builtin_popcountll(g.members);
	if (need > count)
		return fail(p, "%llu of %u members can't be had", (unsigned long long)need, count);
	g.need = need ? (unsigned)need : count;
	g.name = TAKE_PTR(name);
	p->policy->group[p->policy->group_count++] = g;
	return 0;
}

static int take_quorum(struct parser *p)
{
	struct span s = word(p);
	if (p->policy->has_quorum)
		return fail(p, "a second quorum line");
	if (s.len == 0)
		return fail(p, "the quorum is missing: the name of a witness or group, or none");
	p->policy->quorum = find(p->policy, s);
	if (!p->policy->quorum && !span_is(s, "none"))
		return fail(p, "'%s' is no witness or group of a line above", show(s).text);
	p->policy->has_quorum = true;
	return check_end(p);
}

static int take_line(struct parser *p)
{
	static const struct {
		const char *name;
		int (*take)(struct parser *p);
	} kinds[] = {
		{ "log", take_log },
		{ "witness", take_witness },
		{ "group", take_group },
		{ "quorum", take_quorum },
	};
	for (size_t i = 0; i < p->rest.len; i++) {
		uint8_t c = p->rest.data[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return fail(p, "a control character, 0x%02x", c);
	}
	struct span s = word(p);
	if (s.len == 0 || s.data[0] == '#')
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (span_is(s, kinds[i].name))
			return kinds[i].take(p);
	}
	return fail(p, "'%s' is not log, witness, group or quorum", show(s).text);
}

static int take_lines(struct parser *p, struct span bytes)
{
	struct cursor c;
	cursor_init(&c, bytes.data, bytes.len);
	while (cursor_left(&c) > 0) {
		p->line++;
		p->rest = cursor_line(&c);
		int r = c.err ? fail(p, "the last line does not end with a newline") : take_line(p);
		if (r < 0)
			return r;
	}
	if (!p->policy->has_quorum) {
		snprintf(p->error, p->error_size, "there is no quorum line");
		return -EINVAL;
	}
	return 0;
}

int policy_parse(struct span bytes, struct policy **ret, char *error, size_t error_size)
{
	if (bytes.len > POLICY_MAX_BYTES) {
		snprintf(error, error_size, "a policy has at most %d bytes", POLICY_MAX_BYTES);
		return -EFBIG;
	}
	cleanup_policy struct policy *policy = calloc(1, sizeof(*policy));
	if (!policy) {
		snprintf(error, error_size, "out of memory");
		return -ENOMEM;
	}
	struct parser p = { .policy = policy, .error = error, .error_size = error_size };
	int r = take_lines(&p, bytes);
	if (r == 0)
		*ret = TAKE_PTR(policy);
	return r;
}
