#include "cli/session.h"

#include "evidence/audit_type.h"
#include "lib/cbor.h"
#include "lib/text.h"

#define HELD_MAX    256
#define HELD_BYTES  8192
#define HELD_FOR_US UINT64_C(600000000)
/* What a session did at once may come before its login: audit's records wait for the rest of their event, and
 * their clock is a coarse one. */
#define LOGIN_LATE_US UINT64_C(1000000)
#define ACCOUNTS_MAX  1024
#define WORD_MAX      64

/* Of a login that has no number yet. */
struct held {
	char host[LABEL_MAX + 1];
	uint64_t pid, wall_us;
	struct buf text;
};

struct account_of_session {
	char host[LABEL_MAX + 1];
	uint64_t login_pid, loginuid;
	bool has_login, has_loginuid, ended;
	uint64_t begin_us, end_us; /* of the last entry, unless it ended */
	uint64_t commands, reads;
	char account[WORD_MAX], address[WORD_MAX], terminal[WORD_MAX];
};

struct session {
	uint64_t number;
	size_t next_held;
	struct held held[HELD_MAX];
	size_t count;
	struct account_of_session *accounts;
};

int session_new(uint64_t number, struct session **ret)
{
	cleanup_session struct session *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->number = number;
	s->accounts = calloc(ACCOUNTS_MAX, sizeof(*s->accounts));
	if (!s->accounts)
		return -ENOMEM;
	*ret = TAKE_PTR(s);
	return 0;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < HELD_MAX; i++)
		buf_done(&s->held[i].text);
	free(s->accounts);
	free(s);
}

void session_freep(struct session **s)
{
	session_free(*s);
}

static bool find(const struct entry *e, uint64_t key, struct cursor *ret)
{
	struct cursor c;
	int64_t prev = -1;
	cursor_init(&c, e->fields.data, e->fields.len);
	for (size_t n = cbor_map(&c); n > 0 && !c.err; n--) {
		bool found = cbor_key(&c, &prev) == key;
		*ret = c;
		cbor_skip(&c);
		if (found && !c.err)
			return true;
	}
	return false;
}

static bool number_of(const struct entry *e, uint64_t key, uint64_t *ret)
{
	struct cursor c;
	if (!find(e, key, &c) || cbor_peek(&c) != CBOR_UINT)
		return false;
	*ret = cbor_uint(&c);
	return true;
}

static bool is_audit(const struct event *e, uint64_t type)
{
	uint64_t t;
	return e->entry->kind == KIND_AUDIT_LOGIN && number_of(e->entry, AUDIT_TYPE, &t) && t == type;
}

bool session_is_early(const struct event *e)
{
	uint64_t session;
	return e->entry->kind == KIND_AUDIT_LOGIN && !number_of(e->entry, AUDIT_SESSION, &session);
}

bool session_tells(const struct event *e)
{
	static const uint64_t kinds[] = { KIND_EXEC,          KIND_CREDENTIALS,  KIND_EXEC_FAILED,
		                          KIND_READ,          KIND_MMAP,         KIND_AUDIT_LOGIN,
		                          KIND_AUDIT_ACCOUNT, KIND_AUDIT_CONFIG, KIND_AUDIT_ANOMALY,
		                          KIND_AUDIT_OTHER,   KIND_REPEATS };
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (e->entry->kind == kinds[i])
			return true;
	return false;
}

void session_hold(struct session *s, const struct event *e, struct span text)
{
	struct held *h = &s->held[s->next_held];
	uint64_t pid;
	if (!number_of(e->entry, AUDIT_PID, &pid) || text.len > HELD_BYTES)
		return;
	s->next_held = (s->next_held + 1) % HELD_MAX;
	memcpy(h->host, e->origin->host, sizeof(h->host));
	h->pid = pid;
	h->wall_us = e->wall_us;
	buf_reset(&h->text);
	buf_put(&h->text, text.data, text.len);
}

static uint64_t release(struct session *s, const struct event *e, uint64_t pid, struct buf *out)
{
	uint64_t count = 0;
	for (size_t i = 0; i < HELD_MAX; i++) {
		struct held *h = &s->held[(s->next_held + i) % HELD_MAX];
		if (h->text.len == 0 || h->pid != pid || strcmp(h->host, e->origin->host) != 0 ||
		    h->wall_us + HELD_FOR_US < e->wall_us)
			continue;
		buf_put(out, h->text.data, h->text.len);
		buf_reset(&h->text);
		count++;
	}
	return count;
}

static struct account_of_session *newest_of(struct session *s, const char *host)
{
	for (size_t i = s->count; i > 0; i--)
		if (strcmp(s->accounts[i - 1].host, host) == 0)
			return &s->accounts[i - 1];
	return NULL;
}

/* Does an account that has no login yet begin with this one? */
static bool is_its_login(const struct account_of_session *a, const struct event *login)
{
	return !a->has_login && a->begin_us + LOGIN_LATE_US >= login->wall_us;
}

/* The one that the event belongs to, made if there is none. NULL: too many. */
static struct account_of_session *account_of(struct session *s, const struct event *e, bool login)
{
	struct account_of_session *newest = newest_of(s, e->origin->host);
	if (newest && (!login || is_its_login(newest, e)))
		return newest;
	if (s->count == ACCOUNTS_MAX)
		return NULL;
	struct account_of_session *a = &s->accounts[s->count++];
	memcpy(a->host, e->origin->host, sizeof(a->host));
	a->begin_us = e->wall_us;
	return a;
}

static void take_word(const struct entry *e, uint64_t key, char into[WORD_MAX])
{
	struct cursor c;
	if (*into || !find(e, key, &c) || cbor_peek(&c) != CBOR_BYTES)
		return;
	struct span word = cbor_bytes(&c);
	size_t n = MIN(word.len, WORD_MAX - 1);
	memcpy(into, word.data, n);
	into[n] = '\0';
}

static void take_login_process(struct account_of_session *a, const struct event *e)
{
	take_word(e->entry, AUDIT_ACCOUNT, a->account);
	take_word(e->entry, AUDIT_ADDRESS, a->address);
	take_word(e->entry, AUDIT_TERMINAL, a->terminal);
	a->ended = a->ended || is_audit(e, AUDIT_TYPE_USER_END);
}

static void count(struct account_of_session *a, const struct event *e)
{
	uint64_t kind = e->entry->kind, pid;
	if (!a->ended)
		a->end_us = e->wall_us;
	a->commands += kind == KIND_EXEC;
	a->reads += kind == KIND_READ || kind == KIND_MMAP;
	if (kind == KIND_AUDIT_LOGIN && number_of(e->entry, AUDIT_PID, &pid) && a->has_login &&
	    pid == a->login_pid)
		take_login_process(a, e);
}

uint64_t session_take(struct session *s, const struct event *e, struct buf *out)
{
	uint64_t pid, released = 0;
	bool login = is_audit(e, AUDIT_TYPE_LOGIN) && number_of(e->entry, AUDIT_PID, &pid);
	if (login)
		released = release(s, e, pid, out);
	struct account_of_session *a = account_of(s, e, login);
	if (!a)
		return released;
	if (login) {
		a->has_login = true;
		a->begin_us = MIN(a->begin_us, e->wall_us);
		a->login_pid = pid;
		a->has_loginuid = number_of(e->entry, AUDIT_LOGINUID, &a->loginuid);
	}
	count(a, e);
	return released;
}

static void put_quoted(struct buf *b, const char *name, const char *word)
{
	struct span s = { (const uint8_t *)word, strlen(word) };
	if (!*word)
		return;
	buf_printf(b, ",\"%s\":\"", name);
	if (text_is_utf8(s))
		text_put_json(b, s);
	else
		text_put_escaped(b, s);
	buf_put_u8(b, '"');
}

static void put_json(const struct session *s, const struct account_of_session *a, struct buf *b)
{
	buf_printf(b, "{\"session\":%llu,\"host\":\"%s\",\"login_seen\":%s", (unsigned long long)s->number,
	           a->host, a->has_login ? "true" : "false");
	if (a->has_loginuid)
		buf_printf(b, ",\"auid\":%llu", (unsigned long long)a->loginuid);
	put_quoted(b, "account", a->account);
	put_quoted(b, "address", a->address);
	put_quoted(b, "terminal", a->terminal);
	buf_put_str(b, ",\"begin\":\"");
	text_put_time_us(b, a->begin_us);
	buf_put_str(b, "\",\"last\":\"");
	text_put_time_us(b, a->end_us);
	buf_printf(b, "\",\"ended\":%s,\"commands\":%llu,\"labelled_reads\":%llu}\n",
	           a->ended ? "true" : "false", (unsigned long long)a->commands,
	           (unsigned long long)a->reads);
}

static void put_word(struct buf *b, const char *before, const char *word)
{
	if (!*word)
		return;
	buf_put_str(b, before);
	text_put_escaped(b, span_str(word));
}

static void put_line(const struct session *s, const struct account_of_session *a, struct buf *b)
{
	buf_printf(b, "session %llu on %s:", (unsigned long long)s->number, a->host);
	if (a->has_loginuid)
		buf_printf(b, " auid=%llu", (unsigned long long)a->loginuid);
	put_word(b, " account=", a->account);
	put_word(b, " from ", a->address);
	put_word(b, " on ", a->terminal);
	buf_put_str(b, a->has_login ? ", login " : ", first seen ");
	text_put_time_us(b, a->begin_us);
	buf_put_str(b, a->ended ? ", end " : ", no end seen, last ");
	text_put_time_us(b, a->end_us);
	buf_printf(b, ", %llu commands, %llu labelled reads\n", (unsigned long long)a->commands,
	           (unsigned long long)a->reads);
}

void session_put_accounts(const struct session *s, struct buf *out, bool json)
{
	for (size_t i = 0; i < s->count; i++) {
		if (json)
			put_json(s, &s->accounts[i], out);
		else
			put_line(s, &s->accounts[i], out);
	}
}
