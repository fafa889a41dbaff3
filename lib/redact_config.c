#include "lib/redact_config.h"

#include "lib/yaml_value.h"

#define WORDS_MAX 256 /* in one list */
/* Each byte of the file once, and for each node a NUL, a pointer and what aligns it: more is never asked for.
 */
#define ROOM_BYTES ((size_t)YAML_MAX_BYTES + 4 * sizeof(void *) * YAML_MAX_NODES)

struct redact_config {
	bool enabled;
	bool disabled[REDACT_RULES_MAX]; /* of the shipped rules */
	struct redact_rule own[REDACT_RULES_MAX];
	size_t own_count;
	unsigned line; /* for what is wrong with no line of its own */
	char *room;    /* what the rules point to: texts and lists of them, one after the other */
	size_t taken;
	struct redact *engine;
};

struct rule_reader {
	struct redact_config *config;
	struct redact_rule *rule;
};

static void *keep(struct redact_config *c, size_t bytes)
{
	size_t size = (bytes + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
	if (size > ROOM_BYTES - c->taken)
		return NULL;
	void *at = c->room + c->taken;
	c->taken += size;
	return at;
}

static int keep_text(struct redact_config *c, const struct yaml_errors *e, const struct yaml_node *n,
                     const char *what, const char **ret)
{
	struct span s;
	int err = yaml_text(e, n, what, &s);
	if (err)
		return err;
	char *text = keep(c, s.len + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text, s.data, s.len);
	*ret = text;
	return 0;
}

static int keep_words(struct redact_config *c, const struct yaml_errors *e, const struct yaml_node *n,
                      const char *what, const char *const **ret)
{
	int err = yaml_expect(e, n, what, YAML_NODE_LIST);
	if (err)
		return err;
	if (n->count == 0 || n->count > WORDS_MAX)
		return yaml_fail(e, n->line, "'%s': expected 1 to %d words", what, WORDS_MAX);
	const char **words = keep(c, (n->count + 1) * sizeof(*words));
	if (!words)
		return -ENOMEM;
	size_t i = 0;
	for (const struct yaml_node *word = n->child; word && !err; word = word->next)
		err = keep_text(c, e, word, what, &words[i++]);
	if (!err)
		*ret = words;
	return err;
}

static int take_name(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct rule_reader *r = into;
	return keep_text(r->config, e, n, "name", &r->rule->name);
}

static int take_programs(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct rule_reader *r = into;
	return keep_words(r->config, e, n, "programs", &r->rule->programs);
}

static int take_subcommand(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct rule_reader *r = into;
	return keep_text(r->config, e, n, "subcommand", &r->rule->subcommand);
}

static int take_options(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct rule_reader *r = into;
	return keep_words(r->config, e, n, "options", &r->rule->options);
}

static int take_place(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	static const char *const choices[] = { "attached", "next", "both", NULL };
	static const uint8_t places[] = { REDACT_ATTACHED, REDACT_NEXT, REDACT_ATTACHED | REDACT_NEXT };
	struct rule_reader *r = into;
	unsigned choice;
	int err = yaml_choice(e, n, "value", choices, &choice);
	if (!err)
		r->rule->places = places[choice];
	return err;
}

static int take_after(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct rule_reader *r = into;
	struct span s;
	int err = yaml_text(e, n, "after", &s);
	if (!err && s.len != 1)
		err = yaml_fail(e, n->line, "'after': expected a single byte");
	if (!err)
		r->rule->after = (char)s.data[0];
	return err;
}

static int take_names(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct rule_reader *r = into;
	return keep_words(r->config, e, n, "names", &r->rule->names);
}

static int take_pattern(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct rule_reader *r = into;
	return keep_text(r->config, e, n, "pattern", &r->rule->pattern);
}

static int take_triggers(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct rule_reader *r = into;
	return keep_words(r->config, e, n, "triggers", &r->rule->triggers);
}

static int take_rule(struct redact_config *c, const struct yaml_errors *e, const struct yaml_node *n)
{
	static const struct yaml_key keys[] = {
		{ "name", take_name, true },
		{ "programs", take_programs, false },
		{ "subcommand", take_subcommand, false },
		{ "options", take_options, false },
		{ "value", take_place, false },
		{ "after", take_after, false },
		{ "names", take_names, false },
		{ "pattern", take_pattern, false },
		{ "triggers", take_triggers, false },
	};
	if (c->own_count == REDACT_RULES_MAX)
		return yaml_fail(e, n->line, "more than %d rules", REDACT_RULES_MAX);
	struct rule_reader r = { c, &c->own[c->own_count++] };
	r.rule->places = REDACT_ATTACHED | REDACT_NEXT;
	int err = yaml_take(e, n, "rules", keys, ARRAY_SIZE(keys), &r);
	if (err)
		return err;
	if (!!r.rule->options + !!r.rule->names + !!r.rule->pattern != 1)
		return yaml_fail(e, n->line, "rule '%s' needs one of 'options', 'names' and 'pattern'",
		                 r.rule->name);
	if (r.rule->subcommand && !r.rule->programs)
		return yaml_fail(e, n->line, "rule '%s' has a 'subcommand' and no 'programs'", r.rule->name);
	return 0;
}

static int take_rules(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	int err = yaml_expect(e, n, "rules", YAML_NODE_LIST);
	for (const struct yaml_node *rule = n->child; !err && rule; rule = rule->next)
		err = take_rule(into, e, rule);
	return err;
}

static int take_enabled(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct redact_config *c = into;
	return yaml_bool(e, n, "enabled", &c->enabled);
}

static int disable(struct redact_config *c, const struct yaml_errors *e, const struct yaml_node *n)
{
	size_t count;
	const struct redact_rule *rules = redact_defaults(&count);
	const char *names[REDACT_RULES_MAX];
	struct span name;
	int err = yaml_text(e, n, "disable", &name);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		names[i] = rules[i].name;
		if (span_is(name, names[i])) {
			c->disabled[i] = true;
			return 0;
		}
	}
	return yaml_fail_unknown(e, n->line, "shipped rule", name, names, count);
}

static int take_disable(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	int err = yaml_expect(e, n, "disable", YAML_NODE_LIST);
	for (const struct yaml_node *name = n->child; !err && name; name = name->next)
		err = disable(into, e, name);
	return err;
}

/* The shipped rules last: what an administrator wrote is reported under his name. */
static int compile(struct redact_config *c, const struct yaml_errors *e)
{
	const struct redact_rule *all[2 * REDACT_RULES_MAX];
	size_t count = 0, shipped;
	const struct redact_rule *defaults = redact_defaults(&shipped);
	char why[320] = "";
	for (size_t i = 0; i < c->own_count; i++)
		all[count++] = &c->own[i];
	for (size_t i = 0; i < shipped; i++)
		if (!c->disabled[i])
			all[count++] = &defaults[i];
	int err = redact_new(all, count, &c->engine, why, sizeof(why));
	return err == -EINVAL ? yaml_fail(e, c->line, "%s", why) : err;
}

static void free_config(struct redact_config **c)
{
	redact_config_free(*c);
}

int redact_config_parse(const struct yaml_errors *e, const struct yaml_node *node, struct redact_config **ret)
{
	static const struct yaml_key keys[] = { { "enabled", take_enabled, false },
		                                { "disable", take_disable, false },
		                                { "rules", take_rules, false } };
	struct redact_config *c cleanup(free_config) = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->room = node ? calloc(1, ROOM_BYTES) : NULL;
	if (node && !c->room)
		return -ENOMEM;
	c->enabled = true;
	c->line = node ? node->line : 0;
	int err = node ? yaml_take(e, node, "redact", keys, ARRAY_SIZE(keys), c) : 0;
	/* Rules that can't be used are an error even while they are not in use. */
	if (!err)
		err = compile(c, e);
	if (!err)
		*ret = TAKE_PTR(c);
	return err;
}

void redact_config_free(struct redact_config *c)
{
	if (!c)
		return;
	redact_free(c->engine);
	free(c->room);
	free(c);
}

struct redact *redact_config_engine(const struct redact_config *c)
{
	return c->enabled ? c->engine : NULL;
}
