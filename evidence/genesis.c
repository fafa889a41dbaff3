#include "evidence/genesis.h"

#include "evidence/line.h"
#include "lib/digest.h"
#include "lib/text.h"

#define FIRST_LINE "swornlog-statement/v1"

static const char *const kind_names[STATEMENT_UNKNOWN] = {
	[STATEMENT_GENESIS] = "genesis", [STATEMENT_ENROL] = "enrol",   [STATEMENT_RE_ENROL] = "re-enrol",
	[STATEMENT_ROTATE] = "rotate",   [STATEMENT_REVOKE] = "revoke", [STATEMENT_RETIRE] = "retire",
	[STATEMENT_TOKEN] = "token",     [STATEMENT_POLICY] = "policy", [STATEMENT_LOG_KEY] = "log-key",
	[STATEMENT_CLOSE] = "close",
};

const char *statement_kind_name(enum statement_kind k)
{
	return k < STATEMENT_UNKNOWN ? kind_names[k] : NULL;
}

enum statement_kind statement_kind_of(struct span name)
{
	enum statement_kind k = STATEMENT_GENESIS;
	while (k < STATEMENT_UNKNOWN && !span_is(name, kind_names[k]))
		k++;
	return k;
}

struct head {
	char fleet[LABEL_MAX + 1];
	uint64_t time_s;
};

static const struct line_row head_rows[] = {
	LINE_ROW("fleet", LINE_LABEL, struct head, fleet),
	LINE_ROW("time", LINE_TIME, struct head, time_s),
};

int statement_text_read(struct span text, struct statement_text *ret)
{
	struct statement_text t = { 0 };
	struct head head = { 0 };
	if (text.len == 0 || text.len > STATEMENT_TEXT_MAX)
		return -EBADMSG;
	cursor_init(&t.lines, text.data, text.len);
	if (!span_is(cursor_line(&t.lines), FIRST_LINE))
		return -EBADMSG;
	t.kind = cursor_line(&t.lines);
	lines_get(&t.lines, head_rows, ARRAY_SIZE(head_rows), &head);
	if (t.lines.err || !label_ok(t.kind))
		return -EBADMSG;
	memcpy(t.fleet, head.fleet, sizeof(t.fleet));
	t.time_s = head.time_s;
	*ret = t;
	return 0;
}

int statement_text_open(struct span bytes, struct note *ret_note, struct statement_text *ret)
{
	struct note note;
	if (note_parse(bytes, &note) < 0 || statement_text_read(note.text, ret) < 0)
		return -EBADMSG;
	*ret_note = note;
	return 0;
}

int statement_kind(struct span bytes, enum statement_kind *ret)
{
	struct note note;
	struct statement_text t;
	int r = statement_text_open(bytes, &note, &t);
	if (r == 0)
		*ret = statement_kind_of(t.kind);
	return r;
}

void statement_text_put_head(struct buf *b, const char *kind, const char *fleet, uint64_t time_s)
{
	struct head head = { .time_s = time_s };
	memcpy(head.fleet, fleet, strnlen(fleet, LABEL_MAX));
	buf_printf(b, FIRST_LINE "\n%s\n", kind);
	lines_put(b, head_rows, ARRAY_SIZE(head_rows), &head);
}

void log_key_hash(const struct ed25519_public *pub, struct hash *ret)
{
	static const uint8_t type = KEY_TYPE_ED25519;
	const struct span parts[] = { { &type, 1 }, { pub->b, sizeof(pub->b) } };
	sha256_parts(parts, ARRAY_SIZE(parts), ret);
}

struct need genesis_need(const struct genesis *g, enum statement_kind k)
{
	static const struct need both = { .admins = 1, .auditors = 1 }, admin = { .admins = 1 };
	if (k < STATEMENT_UNKNOWN && g->need[k].stated)
		return g->need[k];
	if (k == STATEMENT_TOKEN)
		return admin;
	bool grave = k == STATEMENT_REVOKE || k == STATEMENT_POLICY || k == STATEMENT_LOG_KEY ||
	             k == STATEMENT_CLOSE;
	return grave ? both : g->need[STATEMENT_ENROL];
}

int genesis_need_possible(const struct genesis *g, const struct need *n)
{
	return n->admins <= g->admin_count && n->auditors <= g->auditor_count && n->admins + n->auditors > 0
	               ? 0
	               : -EINVAL;
}

static const struct line_row log_row = LINE_ROW("log", LINE_KEY, struct genesis, log);
static const struct line_row end_rows[] = {
	LINE_ROW_IF("registrar", LINE_KEY, struct genesis, registrar, has_registrar),
	LINE_ROW_IF("next-log-key", LINE_HASH, struct genesis, next_log, has_next_log),
};

static struct line_row person_row(const struct genesis *g, size_t i, const char *role)
{
	size_t offset = (size_t)((const uint8_t *)&g->people[i] - (const uint8_t *)g);
	return (struct line_row){ .word = role, .form = LINE_KEY, .offset = offset };
}

void genesis_put_text(struct buf *b, const struct genesis *g)
{
	statement_text_put_head(b, kind_names[STATEMENT_GENESIS], g->fleet, g->time_s);
	lines_put(b, &log_row, 1, g);
	for (size_t i = 0; i < g->admin_count + g->auditor_count; i++) {
		struct line_row row = person_row(g, i, i < g->admin_count ? "admin" : "auditor");
		lines_put(b, &row, 1, g);
	}
	for (enum statement_kind k = STATEMENT_ENROL; k < STATEMENT_UNKNOWN; k++) {
		if (g->need[k].stated || k == STATEMENT_ENROL)
			buf_printf(b, "need %s %llu %llu\n", kind_names[k],
			           (unsigned long long)g->need[k].admins,
			           (unsigned long long)g->need[k].auditors);
	}
	lines_put(b, end_rows, ARRAY_SIZE(end_rows), g);
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
	while (line_next_is(c, role)) {
		size_t n = g->admin_count + g->auditor_count;
		if (n == STATEMENT_MAX_PEOPLE) {
			cursor_fail(c);
			return;
		}
		struct line_row row = person_row(g, n, role);
		lines_get(c, &row, 1, g);
		if (!c->err && !person_name_ok(&g->people[n], g->fleet, role))
			cursor_fail(c);
		(*count)++;
	}
}

/* Kinds come in their order, each at most once; the first is that of enrolments. */
static void get_need(struct cursor *c, struct genesis *g, enum statement_kind *least)
{
	struct span rest;
	struct span word = text_split(line_get(c, "need"), ' ', &rest);
	struct span admins = text_split(rest, ' ', &rest);
	enum statement_kind k = statement_kind_of(word);
	struct need n = { .stated = true };
	if (c->err || k < *least || k == STATEMENT_UNKNOWN ||
	    (*least == STATEMENT_ENROL && k != STATEMENT_ENROL) || text_decimal(admins, &n.admins) < 0 ||
	    text_decimal(rest, &n.auditors) < 0 || genesis_need_possible(g, &n) < 0) {
		cursor_fail(c);
		return;
	}
	g->need[k] = n;
	*least = k + 1;
}

static bool keys_equal_or_name(const struct key *a, const struct key *b)
{
	return memcmp(a->pub.b, b->pub.b, sizeof(a->pub.b)) == 0 || strcmp(a->name, b->name) == 0;
}

static bool keys_differ(const struct genesis *g)
{
	const struct key *all[STATEMENT_MAX_PEOPLE + 2];
	size_t n = 0;
	all[n++] = &g->log;
	if (g->has_registrar)
		all[n++] = &g->registrar;
	for (size_t i = 0; i < g->admin_count + g->auditor_count; i++)
		all[n++] = &g->people[i];
	for (size_t i = 0; i < n; i++) {
		for (size_t k = i + 1; k < n; k++) {
			if (keys_equal_or_name(all[i], all[k]))
				return false;
		}
	}
	return true;
}

static bool genesis_sane(const struct genesis *g)
{
	char name[KEY_NAME_MAX + 1];
	fleet_log_name(g->fleet, name);
	if (strcmp(g->log.name, name) != 0)
		return false;
	registrar_name(g->fleet, name);
	if (g->has_registrar && strcmp(g->registrar.name, name) != 0)
		return false;
	return g->admin_count > 0 && g->auditor_count > 0 && keys_differ(g);
}

static int get_lines(struct cursor *c, struct genesis *g)
{
	enum statement_kind least = STATEMENT_ENROL;
	lines_get(c, &log_row, 1, g);
	get_people(c, "admin", g, &g->admin_count);
	get_people(c, "auditor", g, &g->auditor_count);
	do
		get_need(c, g, &least);
	while (line_next_is(c, "need"));
	lines_get(c, end_rows, ARRAY_SIZE(end_rows), g);
	return cursor_finish(c) < 0 || !genesis_sane(g) ? -EBADMSG : 0;
}

int genesis_parse(struct span bytes, struct genesis *ret)
{
	struct note note;
	struct statement_text t;
	struct genesis g = { 0 };
	if (statement_text_open(bytes, &note, &t) < 0 || statement_kind_of(t.kind) != STATEMENT_GENESIS)
		return -EBADMSG;
	memcpy(g.fleet, t.fleet, sizeof(g.fleet));
	g.time_s = t.time_s;
	if (get_lines(&t.lines, &g) < 0)
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
