#include "sealer/server_state.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>

#include "lib/file.h"
#include "lib/log.h"

#define READ_AHEAD_BYTES ((size_t)1 << 20)
#define LINGER_US        3000000u
#define LINGER_POLL_US   50000u
#define STATUS_EVERY_US  1000000u
#define STALL_US         3000000u /* beyond that */

/* A collector's queue and its socket hold less. */
#define HEAR_OUT_BYTES    (64 << 20)
#define INTAKE_READ_BYTES 65536

void server_drop(struct bufferevent **b)
{
	if (*b)
		bufferevent_free(*b);
	*b = NULL;
}

static void stop_for_good(struct server *s, int result)
{
	if (result == -ENOTRECOVERABLE)
		log_error("the batch being sealed could not be finished; ending, the next start recovers it");
	s->result = result;
	event_base_loopbreak(s->base);
}

static void schedule(struct server *s, struct event *e, uint64_t us)
{
	struct timeval t = { .tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000) };
	if (event_add(e, &t) < 0)
		stop_for_good(s, -ENOMEM);
}

void server_settle(struct server *s, int result)
{
	uint64_t wait_us = 0;
	if (result == 0 && !s->stopping)
		result = sealer_tick(s->sealer, &wait_us);
	if (result == -ENOTRECOVERABLE) {
		stop_for_good(s, result);
		return;
	}
	server_tell_ready(s);
	if (sealer_wants_reconnect(s->sealer) && s->collector) {
		log_info("the collector is asked to connect anew: the log needs its processes described "
		         "again");
		server_drop(&s->collector);
		server_settle(s, sealer_collector_gone(s->sealer));
		return;
	}
	if (!s->stopping)
		schedule(s, s->timer, wait_us);
}

static void on_timer(evutil_socket_t fd maybe_unused, short what maybe_unused, void *arg)
{
	server_settle(arg, 0);
}

static void tell_own_process(struct server *s, pid_t pid)
{
	cleanup_buf struct buf b = { 0 };
	buf_put_u8(&b, INTAKE_OWN_PROCESS);
	buf_put_u32be(&b, (uint32_t)pid);
	if (!s->collector || pid <= 0)
		return;
	if (buf_err(&b) || bufferevent_write(s->collector, b.data, b.len) < 0)
		log_warning("the collector could not be told which processes are the agent's own");
}

static void lose_collector(struct server *s)
{
	server_drop(&s->collector);
	server_settle(s, sealer_collector_gone(s->sealer));
}

static void on_collector_read(struct bufferevent *b, void *arg)
{
	struct server *s = arg;
	struct evbuffer *in = bufferevent_get_input(b);
	size_t len = evbuffer_get_length(in), used = 0;
	const uint8_t *bytes = len ? evbuffer_pullup(in, -1) : NULL;
	int r = 0;
	while (r == 0 && used < len) {
		struct intake_frame f;
		ssize_t n = intake_parse((struct span){ bytes + used, len - used }, &f);
		if (n == 0)
			break;
		if (n < 0) {
			log_error("the collector sent something malformed; its connection is closed");
			lose_collector(s);
			return;
		}
		r = sealer_frame(s->sealer, &f);
		used += (size_t)n;
	}
	evbuffer_drain(in, used);
	server_settle(s, r);
}

/* What it had said before this process was asked to end. A collector that has ended without a goodbye is
 * noted; one that goes on has a next sealer to talk to. */
static void hear_collector_out(struct server *s)
{
	struct evbuffer *in = bufferevent_get_input(s->collector);
	evutil_socket_t fd = bufferevent_getfd(s->collector);
	int n = 1;
	evbuffer_unfreeze(in, 0);
	for (int left = HEAR_OUT_BYTES; n > 0 && left > 0; left -= n) {
		on_collector_read(s->collector, s);
		if (!s->collector || s->result < 0)
			return;
		n = evbuffer_read(in, fd, INTAKE_READ_BYTES);
	}
	if (n == 0)
		lose_collector(s);
}

static void on_collector_event(struct bufferevent *b maybe_unused, short what, void *arg)
{
	struct server *s = arg;
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	log_info("the collector's connection is closed");
	lose_collector(s);
}

static bool peer_ok(int fd, uid_t allowed, const char *who, pid_t *ret_pid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	if (peer.uid != 0 && peer.uid != geteuid() && peer.uid != allowed) {
		log_warning("uid %u may not connect as the %s; refused", peer.uid, who);
		return false;
	}
	*ret_pid = peer.pid;
	return true;
}

static struct bufferevent *attach(struct server *s, evutil_socket_t fd, bufferevent_data_cb on_read,
                                  bufferevent_event_cb on_event)
{
	struct bufferevent *b = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!b) {
		close(fd);
		return NULL;
	}
	bufferevent_setcb(b, on_read, NULL, on_event, s);
	bufferevent_setwatermark(b, EV_READ, 0, READ_AHEAD_BYTES);
	bufferevent_enable(b, EV_READ | EV_WRITE);
	return b;
}

static void on_collector(struct evconnlistener *l maybe_unused, evutil_socket_t fd,
                         struct sockaddr *a maybe_unused, int n maybe_unused, void *arg)
{
	struct server *s = arg;
	pid_t pid;
	if (s->collector || s->stopping || !peer_ok(fd, s->options.collector_uid, "collector", &pid)) {
		close(fd);
		return;
	}
	s->collector = attach(s, fd, on_collector_read, on_collector_event);
	if (!s->collector)
		return;
	log_info("the collector (pid %d) is connected", pid);
	tell_own_process(s, getpid());
	tell_own_process(s, s->shipper_pid);
	server_settle(s, sealer_collector_connected(s->sealer));
}

static void on_shipper(struct evconnlistener *l maybe_unused, evutil_socket_t fd,
                       struct sockaddr *a maybe_unused, int n maybe_unused, void *arg)
{
	struct server *s = arg;
	pid_t pid;
	if (s->shipper || !peer_ok(fd, s->options.shipper_uid, "shipper", &pid)) {
		close(fd);
		return;
	}
	s->shipper = attach(s, fd, server_on_shipper_read, server_on_shipper_event);
	if (!s->shipper)
		return;
	s->shipper_pid = pid;
	s->told_epoch = 0;
	log_info("the shipper (pid %d) is connected", pid);
	tell_own_process(s, pid);
	server_tell_ship_from(s);
	server_tell_ready(s);
}

static int write_status(const struct server *s)
{
	cleanup_buf struct buf b = { 0 };
	sealer_put_status(s->sealer, &b);
	int r = buf_err(&b);
	return r < 0 ? r
	             : file_publish(env_system(), s->options.run_fd, "sealer.status",
	                            (struct span){ b.data, b.len });
}

/* Stopped, frozen, or kept off the processor: so says the timer that went off too late. */
static void look_at_clock(struct server *s)
{
	uint64_t now = env_now_us(), before = s->status_us;
	s->status_us = now;
	if (!before || now - before <= STATUS_EVERY_US + STALL_US || s->stopping)
		return;
	log_warning("stood still for %llu ms", (unsigned long long)((now - before) / 1000));
	server_settle(s, sealer_stood_still(s->sealer, now - before));
}

static void on_status_timer(evutil_socket_t fd maybe_unused, short what maybe_unused, void *arg)
{
	struct server *s = arg;
	look_at_clock(s);
	if (write_status(s) < 0)
		log_debug("sealer.status could not be written");
	schedule(s, s->status_timer, STATUS_EVERY_US);
}

static void on_linger(evutil_socket_t fd maybe_unused, short what maybe_unused, void *arg)
{
	struct server *s = arg;
	uint32_t epoch, newest_epoch;
	uint64_t first, newest;
	sealer_ship_from(s->sealer, &epoch, &first);
	sealer_newest(s->sealer, &newest_epoch, &newest);
	bool all_receipted = epoch > newest_epoch || (epoch == newest_epoch && first > newest);
	if (all_receipted || !s->shipper || s->linger_us >= LINGER_US) {
		event_base_loopbreak(s->base);
		return;
	}
	s->linger_us += LINGER_POLL_US;
	schedule(s, s->timer, LINGER_POLL_US);
}

static void on_signal(evutil_socket_t signal_number maybe_unused, short what maybe_unused, void *arg)
{
	struct server *s = arg;
	if (s->stopping) {
		event_base_loopbreak(s->base);
		return;
	}
	if (s->collector)
		hear_collector_out(s);
	if (s->result < 0)
		return;
	s->stopping = true;
	server_drop(&s->collector);
	int r = sealer_stop(s->sealer);
	if (r < 0) {
		stop_for_good(s, r);
		return;
	}
	log_info("sealed a goodbye");
	server_tell_ready(s);
	event_del(s->timer);
	event_assign(s->timer, s->base, -1, 0, on_linger, s);
	schedule(s, s->timer, LINGER_POLL_US);
}

static int watch(struct server *s)
{
	static const int numbers[] = { SIGTERM, SIGINT };
	s->base = event_base_new();
	if (!s->base)
		return -ENOMEM;
	s->timer = evtimer_new(s->base, on_timer, s);
	s->status_timer = evtimer_new(s->base, on_status_timer, s);
	if (!s->timer || !s->status_timer)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		s->signals[i] = evsignal_new(s->base, numbers[i], on_signal, s);
		if (!s->signals[i] || event_add(s->signals[i], NULL) < 0)
			return -ENOMEM;
	}
	unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
	s->events = evconnlistener_new(s->base, on_collector, s, flags, -1, TAKE_FD(s->options.events_fd));
	s->receipts = evconnlistener_new(s->base, on_shipper, s, flags, -1, TAKE_FD(s->options.receipts_fd));
	return s->events && s->receipts ? 0 : -ENOMEM;
}

static void close_all(struct server *s)
{
	server_drop(&s->collector);
	server_drop(&s->shipper);
	if (s->events)
		evconnlistener_free(s->events);
	if (s->receipts)
		evconnlistener_free(s->receipts);
	for (size_t i = 0; i < ARRAY_SIZE(s->signals); i++) {
		if (s->signals[i])
			event_free(s->signals[i]);
	}
	if (s->timer)
		event_free(s->timer);
	if (s->status_timer)
		event_free(s->status_timer);
	if (s->base)
		event_base_free(s->base);
	close_fd(&s->options.events_fd);
	close_fd(&s->options.receipts_fd);
}

int server_run(const struct server_options *options, struct sealer *sealer)
{
	struct server s = { .options = *options, .sealer = sealer };
	int r = watch(&s);
	if (r == 0) {
		on_status_timer(-1, 0, &s);
		server_settle(&s, 0);
		if (s.result == 0 && event_base_dispatch(s.base) < 0)
			s.result = -EIO;
		r = s.result;
		if (write_status(&s) < 0)
			log_debug("sealer.status could not be written");
	}
	close_all(&s);
	return r;
}
