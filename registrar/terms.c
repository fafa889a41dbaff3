#include "registrar/terms.h"

#include "lib/address_range.h"
#include "lib/file.h"
#include "lib/text.h"

void terms_done(struct terms *t)
{
	buf_done(&t->note);
}

int terms_read(const struct env *env, int dirfd, const struct genesis *g, const struct hash *token,
               struct terms *ret)
{
	cleanup_buf struct buf name = { 0 };
	cleanup_terms struct terms t = { 0 };
	text_put_hex(&name, token->b, sizeof(token->b));
	buf_put(&name, ".token", sizeof(".token"));
	int r = buf_err(&name);
	if (r == 0)
		r = file_read(env, dirfd, (const char *)name.data, STATEMENT_MAX_BYTES, &t.note);
	if (r == 0)
		r = statement_parse((struct span){ t.note.data, t.note.len }, g, &t.said);
	if (r == 0 && (t.said.kind != STATEMENT_TOKEN || !hash_equal(&t.said.token, token)))
		r = -EBADMSG;
	if (r < 0)
		return r;
	*ret = t;
	t.note = (struct buf){ 0 };
	return 0;
}

static bool comes_from(struct span lines, const struct caller *from)
{
	struct address_range range;
	struct span value;
	bool any = lines.len > 0;
	while (line_take(&lines, &value)) {
		if (address_range_parse(value, &range) == 0 &&
		    address_range_holds(&range, from->family, from->address))
			return true;
	}
	return !any;
}

enum terms_verdict terms_check(const struct terms *t, const char *host, const struct caller *from,
                               uint64_t used, uint64_t now_s)
{
	if (now_s > t->said.until_s)
		return TERMS_EXPIRED;
	if (!statement_host_fits(t->said.hosts, host))
		return TERMS_OTHER_HOST;
	if (!comes_from(t->said.from, from))
		return TERMS_OTHER_ADDRESS;
	return used < t->said.count ? TERMS_GOOD : TERMS_SPENT;
}
