#include "evidence/statement.h"

#include <stdio.h>
#include <time.h>

#include "lib/text.h"

#define FIRST_LINE "swornlog-statement/v1"

/* "<word> <rest>" of the next line, or an error in the cursor. */
static struct span get(struct cursor *c, const char *word)
{
	struct span rest;
	struct span line = cursor_line(c);
	if (c->err || !span_is(text_split(line, ' ', &rest), word) || rest.len == 0) {
		cursor_fail(c);
		return (struct span){ 0 };
	}
	return rest;
}

static bool next_is(const struct cursor *c, const char *word)
{
	struct span left = { c->at, cursor_left(c) };
	return !c->err && span_starts(left, word);
}

static void get_label(struct cursor *c, const char *word, char ret[LABEL_MAX + 1])
{
	struct span s = get(c, word);
	if (!c->err && label_ok(s))
		memcpy(ret, s.data, s.len);
	else
		cursor_fail(c);
}

static void get_key(struct cursor *c, const char *word, struct key *ret)
{
	struct span s = get(c, word);
	if (!c->err && (key_parse(s, ret) < 0 || ret->type != KEY_TYPE_ED25519))
		cursor_fail(c);
}

#define TIME_BYTES 32

static void format_time(time_t t, char ret[TIME_BYTES])
{
	struct tm tm;
	if (!gmtime_r(&t, &tm) || strftime(ret, TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		memcpy(ret, "1970-01-01T00:00:00Z", sizeof("1970-01-01T00:00:00Z"));
}

static void put_time(struct buf *b, uint64_t time_s)
{
	char text[TIME_BYTES];
	format_time((time_t)time_s, text);
	buf_printf(b, "time %s\n", text);
}

/* Written back and compared, so that there is one text for one time. */
static void get_time(struct cursor *c, uint64_t *ret)
{
	struct span s = get(c, "time");
	char text[TIME_BYTES] = "", again[TIME_BYTES];
	struct tm tm = { 0 };
	if (c->err || s.len != strlen("2026-11-24T08:00:00Z")) {
		cursor_fail(c);
		return;
	}
	memcpy(text, s.data, s.len);
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	time_t t = timegm(&tm);
	if (!end || *end || t < 0) {
		cursor_fail(c);
		return;
	}
	format_time(t, again);
	if (!span_is(s, again)) {
		cursor_fail(c);
		return;
	}
	*ret = (uint64_t)t;
}

static int open_text(struct span bytes, struct note *note, struct cursor *c, struct span *ret_kind)
{
	if (note_parse(bytes, note) < 0)
		return -EBADMSG;
	cursor_init(c, note->text.data, note->text.len);
	if (note->text.len > 8192 || !span_is(cursor_line(c), FIRST_LINE))
		return -EBADMSG;
	*ret_kind = cursor_line(c);
	return c->err;
}

int statement_kind(struct span bytes, enum statement_kind *ret)
{
	struct note note;
	struct cursor c;
	struct span kind;
	int r = open_text(bytes, &note, &c, &kind);
	if (r < 0)
		return r;
	*ret = span_is(kind, "genesis") ? STATEMENT_GENESIS
	       : span_is(kind, "enrol") ? STATEMENT_ENROL
	                                : STATEMENT_UNKNOWN;
	return 0;
}

static void put_head(struct buf *b, const char *kind, const char *fleet, uint64_t time_s)
{
	buf_printf(b, FIRST_LINE "\n%s\nfleet %s\n", kind, fleet);
	put_time(b, time_s);
}

static void put_key(struct buf *b, const char *word, const struct key *k)
{
	buf_printf(b, "%s ", word);
	key_put(b, k);
	buf_put_u8(b, '\n');
}

void genesis_put_text(struct buf *b, const struct genesis *g)
{
	put_head(b, "genesis", g->fleet, g->time_s);
	put_key(b, "log", &g->log);
	for (size_t i = 0; i < g->admin_count + g->auditor_count; i++)
		put_key(b, i < g->admin_count ? "admin" : "auditor", &g->people[i]);
	buf_printf(b, "need enrol %llu %llu\n", (unsigned long long)g->need_admins,
	           (unsigned long long)g->need_auditors);
}

/* `<fleet>/<role>/<label>` */
static bool person_name_ok(const struct key *k, const char *fleet, const char *role)
{
	struct span rest;
	struct span s = { (const uint8_t *)k->name, strlen(k->name) };
	struct span f = text_split(s, '/', &rest);
	struct span r = text_split(rest, '/', &rest);
	return span_is(f, fleet) && span_is(r, role) && label_ok(rest);
}

static void get_people(struct cursor *c, const char *role, struct genesis *g, size_t *count)
{
	char word[16];
	snprintf(word, sizeof(word), "%s ", role);
	while (next_is(c, word)) {
		size_t n = g->admin_count + g->auditor_count;
		if (n == STATEMENT_MAX_PEOPLE) {
			cursor_fail(c);
			return;
		}
		get_key(c, role, &g->people[n]);
		if (!c->err && !person_name_ok(&g->people[n], g->fleet, role))
			cursor_fail(c);
		(*count)++;
	}
}

static void get_need(struct cursor *c, struct genesis *g)
{
	struct span rest;
	struct span word = text_split(get(c, "need"), ' ', &rest);
	struct span admins = text_split(rest, ' ', &rest);
	if (c->err || !span_is(word, "enrol") || text_decimal(admins, &g->need_admins) < 0 ||
	    text_decimal(rest, &g->need_auditors) < 0)
		cursor_fail(c);
}

static bool keys_differ(const struct genesis *g)
{
	size_t n = g->admin_count + g->auditor_count;
	for (size_t i = 0; i < n; i++) {
		if (memcmp(g->people[i].pub.b, g->log.pub.b, 32) == 0)
			return false;
		for (size_t k = i + 1; k < n; k++) {
			if (memcmp(g->people[i].pub.b, g->people[k].pub.b, 32) == 0 ||
			    strcmp(g->people[i].name, g->people[k].name) == 0)
				return false;
		}
	}
	return true;
}

static bool genesis_sane(const struct genesis *g)
{
	char log_name[KEY_NAME_MAX + 1];
	fleet_log_name(g->fleet, log_name);
	return strcmp(g->log.name, log_name) == 0 && g->admin_count > 0 && g->auditor_count > 0 &&
	       g->need_admins <= g->admin_count && g->need_auditors <= g->auditor_count &&
	       g->need_admins + g->need_auditors > 0 && keys_differ(g);
}

int genesis_parse(struct span bytes, struct genesis *ret)
{
	struct note note;
	struct cursor c;
	struct span kind;
	struct genesis g = { 0 };
	if (open_text(bytes, &note, &c, &kind) < 0 || !span_is(kind, "genesis"))
		return -EBADMSG;
	get_label(&c, "fleet", g.fleet);
	get_time(&c, &g.time_s);
	get_key(&c, "log", &g.log);
	get_people(&c, "admin", &g, &g.admin_count);
	get_people(&c, "auditor", &g, &g.auditor_count);
	get_need(&c, &g);
	if (cursor_finish(&c) < 0 || !genesis_sane(&g))
		return -EBADMSG;

	size_t people = g.admin_count + g.auditor_count;
	uint64_t signed_by;
	int r = note_verify(&note, g.people, people, &signed_by);
	if (r < 0)
		return r;
	if (signed_by != ((uint64_t)1 << people) - 1)
		return -ENOKEY;
	*ret = g;
	return 0;
}

void enrolment_put_text(struct buf *b, const struct enrolment *e)
{
	put_head(b, "enrol", e->fleet, e->time_s);
	buf_printf(b, "host %s\n", e->host);
	put_key(b, "identity", &e->identity);
	buf_put_str(b, "certificate ");
	text_put_hex(b, e->certificate.b, sizeof(e->certificate.b));
	buf_put_u8(b, '\n');
}

static bool identity_name_ok(const struct enrolment *e)
{
	struct origin o = { .epoch = 1 };
	char name[KEY_NAME_MAX + 1];
	memcpy(o.fleet, e->fleet, sizeof(o.fleet));
	memcpy(o.host, e->host, sizeof(o.host));
	origin_identity_name(&o, name);
	return strcmp(e->identity.name, name) == 0;
}

static int enough_signatures(const struct note *note, const struct genesis *g)
{
	uint64_t signed_by;
	int r = note_verify(note, g->people, g->admin_count + g->auditor_count, &signed_by);
	if (r < 0)
		return r;
	uint64_t admin_bits = ((uint64_t)1 << g->admin_count) - 1;
	unsigned admins = (unsigned)__builtin_popcountll(signed_by & admin_bits);
	unsigned auditors = (unsigned)__builtin_popcountll(signed_by & ~admin_bits);
	return admins >= g->need_admins && auditors >= g->need_auditors ? 0 : -ENOKEY;
}

int enrolment_parse(struct span bytes, const struct genesis *g, struct enrolment *ret)
{
	struct note note;
	struct cursor c;
	struct span kind;
	struct enrolment e = { 0 };
	if (open_text(bytes, &note, &c, &kind) < 0 || !span_is(kind, "enrol"))
		return -EBADMSG;
	get_label(&c, "fleet", e.fleet);
	get_time(&c, &e.time_s);
	get_label(&c, "host", e.host);
	get_key(&c, "identity", &e.identity);
	struct span certificate = get(&c, "certificate");
	if (cursor_finish(&c) < 0 ||
	    text_hex_exact(certificate, e.certificate.b, sizeof(e.certificate.b)) < 0 ||
	    !identity_name_ok(&e))
		return -EBADMSG;
	if (strcmp(e.fleet, g->fleet) != 0)
		return -EPERM;
	int r = enough_signatures(&note, g);
	if (r < 0)
		return r;
	*ret = e;
	return 0;
}
