#include "sealer/configuration.h"

#include "lib/cbor.h"

/* The two files, of which the second is the collector's. */
static struct hash combined(const struct sealer *s)
{
	struct span parts[] = { { s->options.log.config.b, sizeof(struct hash) },
		                { s->rules.b, sizeof(struct hash) } };
	struct hash digest;
	sha256_parts(parts, ARRAY_SIZE(parts), &digest);
	return digest;
}

void configuration_begin(struct sealer *s)
{
	struct hash digest = combined(s);
	host_log_set_config(s->log, &digest);
}

static void put_field(struct buf *b, enum agent_field field, struct span value)
{
	cbor_put_uint(b, field);
	cbor_put_bytes(b, value.data, value.len);
}

static int tell(struct sealer *s)
{
	cleanup_buf struct buf b = { 0 };
	cbor_put_map(&b, s->rules_text.len ? 4 : 3);
	cbor_put_uint(&b, AGENT_WHAT);
	cbor_put_uint(&b, AGENT_CONFIG_CHANGED);
	put_field(&b, AGENT_CONFIG_HASH, (struct span){ s->options.log.config.b, sizeof(struct hash) });
	put_field(&b, AGENT_RULES_HASH, (struct span){ s->rules.b, sizeof(struct hash) });
	if (s->rules_text.len)
		put_field(&b, AGENT_RULES_TEXT, (struct span){ s->rules_text.data, s->rules_text.len });
	int r = buf_err(&b);
	return r < 0 ? r : sealer_add_own(s, KIND_AGENT, (struct span){ b.data, b.len });
}

static int tell_refused(struct sealer *s, const struct intake_rules *rules)
{
	cleanup_buf struct buf b = { 0 };
	cbor_put_map(&b, 3);
	cbor_put_uint(&b, AGENT_WHAT);
	cbor_put_uint(&b, AGENT_RULES_REFUSED);
	put_field(&b, AGENT_DETAIL, rules->text);
	put_field(&b, AGENT_RULES_HASH, (struct span){ rules->digest.b, sizeof(struct hash) });
	int r = buf_err(&b);
	return r < 0 ? r : sealer_add_own(s, KIND_AGENT, (struct span){ b.data, b.len });
}

int configuration_take(struct sealer *s, const struct intake_rules *rules)
{
	if (rules->refused)
		return tell_refused(s, rules);
	if (s->has_rules && hash_equal(&s->rules, &rules->digest))
		return 0;
	buf_reset(&s->rules_text);
	buf_put(&s->rules_text, rules->text.data, rules->text.len);
	int r = buf_err(&s->rules_text);
	if (r < 0)
		return r;
	s->rules = rules->digest;
	s->has_rules = true;
	configuration_begin(s);
	return tell(s);
}

int configuration_repeat(struct sealer *s)
{
	return s->has_rules ? tell(s) : 0;
}
