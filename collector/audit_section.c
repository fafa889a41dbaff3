#include "collector/audit_section.h"

static int take_exec(const struct yaml_errors *e, const struct yaml_node *value, void *into)
{
	struct audit_section *s = into;
	return yaml_bool(e, value, "exec", &s->exec);
}

static int take_rule(const struct yaml_errors *e, const struct yaml_node *n, struct audit_section *s)
{
	struct span line;
	const char *why;
	int err = yaml_text(e, n, "rule", &line);
	if (err)
		return err;
	buf_put(&s->lines, line.data, line.len);
	buf_put_u8(&s->lines, 0);
	err = audit_rule_parse(line, &s->rules, &why);
	if (!err && buf_err(&s->lines))
		return -ENOMEM;
	return err ? yaml_fail(e, n->line, "audit rule: %s", why) : 0;
}

static int take_rules(const struct yaml_errors *e, const struct yaml_node *value, void *into)
{
	int err = yaml_expect(e, value, "rules", YAML_NODE_LIST);
	for (const struct yaml_node *n = value->child; !err && n; n = n->next)
		err = take_rule(e, n, into);
	return err;
}

static const struct yaml_key keys[] = {
	{ "exec", take_exec, false },
	{ "rules", take_rules, false },
};

int audit_section_parse(const struct yaml_errors *e, const struct yaml_node *node, struct audit_section *ret)
{
	struct audit_section s = { 0 };
	int err = node ? yaml_take(e, node, "audit", keys, ARRAY_SIZE(keys), &s) : 0;
	if (!err && s.exec && audit_rule_put_exec(&s.rules))
		err = yaml_fail(e, node ? node->line : 0, "audit: libaudit does not take the exec rules");
	if (err)
		audit_section_done(&s);
	else
		*ret = s;
	return err;
}

bool audit_section_equal(const struct audit_section *a, const struct audit_section *b)
{
	struct span one = { a->lines.data, a->lines.len }, other = { b->lines.data, b->lines.len };
	return a->exec == b->exec && span_equal(one, other);
}

void audit_section_done(struct audit_section *s)
{
	buf_done(&s->lines);
	audit_rules_done(&s->rules);
}
