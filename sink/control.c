#include "sink/control.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "lib/listen.h"
#include "lib/log.h"
#include "lib/text.h"
#include "sink/schedule.h"
#include "sink/statements.h"

#define CLIENTS_MAX 16
#define CLIENT_S    10
#define COMMAND_MAX 80
/* Who may talk is asked of the kernel, not of the socket's mode. */
#define SOCKET_MODE 0666

struct control {
	struct server *server;
	struct evconnlistener *listener;
	char *path;
	uid_t registrar;
	struct bufferevent *clients[CLIENTS_MAX];
};

static void drop(struct control *c, struct bufferevent *bev)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (c->clients[i] == bev)
			c->clients[i] = NULL;
	}
	bufferevent_free(bev);
}

static size_t count_silent(const struct hosts *hosts)
{
	size_t n = 0;
	for (size_t i = 0; i < hosts->count; i++)
		n += hosts->row[i]->presence == PRESENCE_SILENT;
	return n;
}

static void put_number(struct buf *b, const char *name, uint64_t value)
{
	buf_printf(b, ",\"%s\":%llu", name, (unsigned long long)value);
}

void control_put_status(const struct server *s, struct buf *b)
{
	const struct core *c = s->core;
	uint64_t free_bytes = 0;
	(void)!c->env->free_bytes(c->env, c->store.dir, &free_bytes);
	buf_printf(b, "{\"fleet\":\"%s\",\"address\":\"%s\",\"storing\":%s", c->genesis.fleet, s->address,
	           c->dead || s->full || s->stopping ? "false" : "true");
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{ "uptime_s", (c->env->boot_us(c->env) - s->started_us) / 1000000 },
		{ "fleet_size", c->log.frontier.size },
		{ "published_size", c->log.published },
		{ "generation", c->generation },
		{ "hosts", c->hosts.count },
		{ "silent_hosts", count_silent(&c->hosts) },
		{ "connections", s->connections },
		{ "waiting", s->waiting_count },
		{ "unhashed_hosts", c->unhashed_hosts },
		{ "journal", c->journal.file.number },
		{ "journal_bytes", c->journal.size },
		{ "segments", c->first_closed - 1 },
		{ "commits", c->counts.commits },
		{ "batches", c->counts.batches },
		{ "entries", c->counts.entries },
		{ "bytes", c->counts.bytes },
		{ "refused", c->counts.refused },
		{ "free_bytes", free_bytes },
	};
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		put_number(b, numbers[i].name, numbers[i].value);
	buf_put_str(b, ",\"at_rest\":\"");
	at_rest_put(b, c->options.at_rest, c->at_rest);
	buf_put_u8(b, '"');
	if (s->witnesses) {
		buf_put_str(b, ",\"witnesses\":");
		witnesses_put_status(s->witnesses, c, b);
	}
	buf_put_str(b, "}\n");
}

static bool is_behind(const struct host_head *a, const struct host_head *b)
{
	return a->epoch < b->epoch || (a->epoch == b->epoch && a->size < b->size);
}

void control_put_host(const struct server *s, struct span name, struct buf *b)
{
	const struct host *h = hosts_find(&s->core->hosts, name);
	if (!h) {
		buf_put_str(b, "none\n");
		return;
	}
	buf_put_str(b, "host ");
	const struct standing *is = &h->standing;
	key_put(b, &is->identity);
	buf_put_u8(b, ' ');
	text_put_hex(b, is->certificate.b, sizeof(is->certificate.b));
	/* An announced head has left the host too. */
	const struct host_head *known = is_behind(&h->head, &h->announced) ? &h->announced : &h->head;
	struct hash root = h->head.root;
	if (h->head.epoch == 0)
		frontier_root(&(struct frontier){ 0 }, &root);
	buf_printf(b, " %u %llu %s %u %llu ", known->epoch, (unsigned long long)known->size,
	           is->revoked || is->retired ? "closed" : "good", h->head.epoch,
	           (unsigned long long)h->head.size);
	text_put_base64(b, root.b, sizeof(root.b));
	buf_put_u8(b, '\n');
}

static void say(struct bufferevent *bev, const struct buf *b)
{
	if (!b->err)
		bufferevent_write(bev, b->data, b->len);
}

static void answer_status(struct control *c, struct bufferevent *bev)
{
	cleanup_buf struct buf b = { 0 };
	control_put_status(c->server, &b);
	say(bev, &b);
}

/* The commit takes along what hosts have appended, so these are answered too. */
static int submit(struct server *s, struct span statement, uint64_t *ret_index, char *error,
                  size_t error_size)
{
	uint64_t before = s->core->counts.commits;
	if (s->stopping || s->core->dead) {
		snprintf(error, error_size, "the sink stops");
		return -ESHUTDOWN;
	}
	int r = statements_submit(s->core, statement, ret_index, error, error_size);
	bool tried = r == 0 || s->core->counts.commits != before || r == -ENOSPC || r == -EDQUOT || r == -EIO;
	/* What was under way is durable, even where the statement was refused for what that led to. */
	if (tried)
		schedule_settle(s, r == -EPERM ? 0 : r);
	return r;
}

static void answer_statement(struct control *c, struct bufferevent *bev, struct span statement)
{
	cleanup_buf struct buf b = { 0 };
	char error[160];
	uint64_t index;
	if (submit(c->server, statement, &index, error, sizeof(error)) == 0) {
		log_info("a statement was taken as entry %llu of the fleet log", (unsigned long long)index);
		buf_printf(&b, "ok %llu\n", (unsigned long long)index);
	} else {
		log_warning("a statement was refused: %s", error);
		buf_printf(&b, "error %s\n", error);
	}
	say(bev, &b);
}

static void answer_host(struct control *c, struct bufferevent *bev, struct span name)
{
	cleanup_buf struct buf b = { 0 };
	control_put_host(c->server, name, &b);
	say(bev, &b);
}

/* The line at the head of the input. *ret_line: its length with the newline; 0: not whole yet. */
static int find_line(struct evbuffer *in, size_t *ret_line)
{
	struct evbuffer_ptr end = evbuffer_search(in, "\n", 1, NULL);
	*ret_line = 0;
	if (end.pos < 0)
		return evbuffer_get_length(in) > COMMAND_MAX ? -EBADMSG : 0;
	size_t n = (size_t)end.pos + 1;
	if (n > COMMAND_MAX)
		return -EBADMSG;
	*ret_line = n;
	return 0;
}

static int do_statement(struct control *c, struct bufferevent *bev, size_t line, struct span decimal)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	uint64_t length;
	if (text_decimal(decimal, &length) < 0 || length > STATEMENT_MAX_BYTES)
		return -EBADMSG;
	size_t whole = line + (size_t)length;
	if (evbuffer_get_length(in) < whole)
		return 0;
	const uint8_t *p = evbuffer_pullup(in, (ev_ssize_t)whole);
	answer_statement(c, bev, (struct span){ p + line, (size_t)length });
	evbuffer_drain(in, whole);
	return 1;
}

/* 1 when a command was done, 0 when more is needed. */
static int do_command(struct control *c, struct bufferevent *bev)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct span rest;
	size_t line;
	int r = find_line(in, &line);
	if (r < 0 || line == 0)
		return r;
	struct span command = { evbuffer_pullup(in, (ev_ssize_t)line), line - 1 };
	struct span word = text_split(command, ' ', &rest);
	if (span_is(word, "statement"))
		return do_statement(c, bev, line, rest);
	if (span_is(command, "status"))
		answer_status(c, bev);
	else if (span_is(word, "host") && label_ok(rest))
		answer_host(c, bev, rest);
	else
		return -EBADMSG;
	evbuffer_drain(in, line);
	return 1;
}

static void on_drained(struct bufferevent *bev, void *arg)
{
	drop(arg, bev);
}

static void on_event(struct bufferevent *bev, short what maybe_unused, void *arg)
{
	drop(arg, bev);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	int r = do_command(arg, bev);
	if (r == 0)
		return;
	if (r < 0)
		bufferevent_write(bev, "error not a command\n", strlen("error not a command\n"));
	/* One command a connection. */
	bufferevent_disable(bev, EV_READ);
	bufferevent_setcb(bev, NULL, on_drained, on_event, arg);
}

static bool may_talk(const struct control *c, evutil_socket_t fd)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid() || peer.uid == c->registrar);
}

static struct bufferevent **free_slot(struct control *c)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (!c->clients[i])
			return &c->clients[i];
	}
	return NULL;
}

static void on_accept(struct evconnlistener *listener maybe_unused, evutil_socket_t fd,
                      struct sockaddr *address maybe_unused, int length maybe_unused, void *arg)
{
	struct control *c = arg;
	struct bufferevent **slot = free_slot(c);
	struct bufferevent *bev = NULL;
	if (slot && may_talk(c, fd))
		bev = bufferevent_socket_new(c->server->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!bev) {
		close(fd);
		return;
	}
	*slot = bev;
	struct timeval limit = { .tv_sec = CLIENT_S };
	bufferevent_set_timeouts(bev, &limit, &limit);
	bufferevent_setwatermark(bev, EV_READ, 0, 2 * STATEMENT_MAX_BYTES);
	bufferevent_setcb(bev, on_read, NULL, on_event, c);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

int control_open(struct server *s, const char *path, uid_t registrar, struct control **ret)
{
	struct control *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->server = s;
	c->registrar = registrar;
	int fd;
	int r = listen_unix(path, SOCKET_MODE, &fd);
	if (r < 0) {
		free(c);
		return r;
	}
	c->path = strdup(path);
	c->listener = evconnlistener_new(s->base, on_accept, c, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
	                                 0, fd);
	if (!c->path || !c->listener) {
		if (!c->listener)
			close(fd);
		control_free(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

void control_free(struct control *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (c->clients[i])
			bufferevent_free(c->clients[i]);
	}
	if (c->listener)
		evconnlistener_free(c->listener);
	if (c->path)
		unlink(c->path);
	free(c->path);
	free(c);
}
