#include "sink/upkeep.h"

#include "lib/log.h"
#include "sink/hash_in.h"
#include "sink/schedule.h"

#define HASH_IN_US       5000
#define HASH_IN_PAUSE_US 1000

static void ask_for_segment(struct server *s)
{
	struct core *c = s->core;
	if (s->worker.busy || !s->segments || c->first_closed >= c->journal.file.number)
		return;
	int r = worker_ask(&s->worker, c->first_closed);
	if (r < 0 && r != -EAGAIN)
		log_error("the process that makes segments can't be asked: %s; journals wait until the next "
		          "start",
		          strerror(-r));
}

static void publish(struct server *s)
{
	int r = s->witnesses ? witnesses_publish(s->witnesses, s->core) : core_publish(s->core);
	if (r < 0 && !s->unpublished)
		log_error("the fleet log can't be published: %s; it is tried again", strerror(-r));
	else if (r == 0 && s->unpublished)
		log_info("the fleet log is published again");
	s->unpublished = r < 0;
}

static void rotate(struct server *s)
{
	int r = core_rotate(s->core);
	if (r > 0)
		log_info("journal %llu begins", (unsigned long long)s->core->journal.file.number);
	else if (r == -EIO && s->core->dead)
		server_stop(s, 1);
	/* Other trouble is the disk's, and publishing tells about it. */
	ask_for_segment(s);
}

static void on_tick(evutil_socket_t fd maybe_unused, short what maybe_unused, void *arg)
{
	struct server *s = arg;
	if (s->stopping)
		return;
	if (core_watch(s->core) < 0)
		log_error("there is no memory to note silent hosts");
	if (s->core->commit.planned_count > 0)
		schedule_commit(s);
	publish(s);
	rotate(s);
}

/* False when there is nothing left to do. */
static bool hash_in_for_a_while(struct core *c)
{
	uint64_t end = c->env->boot_us(c->env) + HASH_IN_US;
	struct host *h;
	int r;
	while (hash_in_next(c, &h, &r)) {
		if (r < 0)
			log_error("host %s: what the journal holds does not lead to the committed head (%s): "
			          "its "
			          "appends are refused",
			          h->name, strerror(-r));
		if (c->env->boot_us(c->env) >= end)
			return true;
	}
	return false;
}

static void on_hash_in(evutil_socket_t fd maybe_unused, short what maybe_unused, void *arg)
{
	struct server *s = arg;
	if (!TAILQ_EMPTY(&s->queue) || hash_in_for_a_while(s->core))
		evtimer_add(s->hash_in, &(struct timeval){ .tv_usec = HASH_IN_PAUSE_US });
}

static void stop_segments(struct server *s)
{
	event_free(s->segments);
	s->segments = NULL;
}

/* Only where it is another outcome than the start said. */
static void tell_at_rest(const struct server *s, const struct worker_outcome *o)
{
	if (o->at_rest < 0 && s->core->at_rest == 0)
		log_error("segment %llu can't be protected against changes: %s",
		          (unsigned long long)o->number, strerror(-o->at_rest));
}

static void on_segment(evutil_socket_t fd maybe_unused, short what maybe_unused, void *arg)
{
	struct server *s = arg;
	struct worker_outcome o;
	int r = worker_outcome(&s->worker, &o);
	if (r == 0)
		return;
	if (r > 0 && o.result == 0)
		o.result = core_drop_journal(s->core, o.number);
	if (r > 0 && o.result == 0) {
		tell_at_rest(s, &o);
		ask_for_segment(s);
		return;
	}
	if (r < 0)
		log_error("the process that makes segments is gone; journals wait until the next start");
	else
		log_error("journal %llu can't be made a segment: %s; it stays a journal until the next start",
		          (unsigned long long)o.number, strerror(-o.result));
	stop_segments(s);
}

static void stop_cosignatures(struct server *s)
{
	event_free(s->cosignatures);
	s->cosignatures = NULL;
}

static void on_cosignatures(evutil_socket_t fd maybe_unused, short what maybe_unused, void *arg)
{
	struct server *s = arg;
	int r = witnesses_read(s->witnesses, s->core);
	if (r == 0)
		return;
	stop_cosignatures(s);
	if (r != -ESTALE) {
		witnesses_lost(s->witnesses);
		return;
	}
	/* Whoever waits is told to come again: what is signed now would contradict what was. */
	s->core->dead = true;
	server_stop(s, EXIT_STALE);
}

static int watch_witnesses(struct server *s)
{
	if (!s->witnesses)
		return 0;
	s->cosignatures =
	        event_new(s->base, witnesses_fd(s->witnesses), EV_READ | EV_PERSIST, on_cosignatures, s);
	return s->cosignatures && event_add(s->cosignatures, NULL) == 0 ? 0 : -ENOMEM;
}

int upkeep_init(struct server *s, uint64_t interval_ms)
{
	struct timeval interval = { .tv_sec = (time_t)(interval_ms / 1000),
		                    .tv_usec = (suseconds_t)(interval_ms % 1000 * 1000) };
	s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
	s->hash_in = evtimer_new(s->base, on_hash_in, s);
	s->segments = event_new(s->base, s->worker.process.fd, EV_READ | EV_PERSIST, on_segment, s);
	if (!s->tick || !s->hash_in || !s->segments)
		return -ENOMEM;
	event_add(s->tick, &interval);
	event_add(s->segments, NULL);
	evtimer_add(s->hash_in, &(struct timeval){ 0 });
	ask_for_segment(s);
	return watch_witnesses(s);
}

void upkeep_done(struct server *s)
{
	struct event *events[] = { s->tick, s->hash_in, s->segments, s->cosignatures };
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		if (events[i])
			event_free(events[i]);
	}
}
