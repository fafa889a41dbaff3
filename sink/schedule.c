#include "sink/schedule.h"

#include "lib/log.h"
#include "sink/peer.h"

/* Time for checks before the loop looks at its sockets again. */
#define TURN_US 10000

static uint64_t now_us(const struct server *s)
{
	return s->core->env->boot_us(s->core->env);
}

static void wait_for_commit(struct server *s, struct peer *p)
{
	TAILQ_REMOVE(&s->queue, p, turn);
	TAILQ_INSERT_TAIL(&s->waiting, p, turn);
	s->waiting_count++;
	p->state = PEER_WAITING;
}

static void step(struct server *s, struct peer *p)
{
	switch (append_step(&p->append)) {
	case APPEND_AGAIN:
		TAILQ_REMOVE(&s->queue, p, turn);
		TAILQ_INSERT_TAIL(&s->queue, p, turn);
		break;
	case APPEND_FLUSH:
		schedule_commit(s);
		break;
	case APPEND_WAIT:
		wait_for_commit(s, p);
		break;
	case APPEND_ANSWERED:
		TAILQ_REMOVE(&s->queue, p, turn);
		peer_answer(p);
		break;
	}
}

/* A commit at once if the last one is long enough ago, so that a lone host does not wait; else when it is
 * due, so that many hosts share one. */
static void plan_commit(struct server *s)
{
	const struct commit *c = &s->core->commit;
	if (c->staged_count == 0 && s->waiting_count == 0)
		return;
	uint64_t now = now_us(s), due = s->last_commit_us + s->commit_interval_us;
	if (c->group.len >= COMMIT_FULL_BYTES || (now >= due && TAILQ_EMPTY(&s->queue))) {
		schedule_commit(s);
		return;
	}
	uint64_t left_us = due > now ? due - now : 0;
	struct timeval left = { .tv_sec = (time_t)(left_us / 1000000),
		                .tv_usec = (suseconds_t)(left_us % 1000000) };
	if (!evtimer_pending(s->commit_due, NULL))
		evtimer_add(s->commit_due, &left);
}

static void on_work(evutil_socket_t fd maybe_unused, short what maybe_unused, void *arg)
{
	struct server *s = arg;
	uint64_t end = now_us(s) + TURN_US;
	struct peer *p;
	while ((p = TAILQ_FIRST(&s->queue))) {
		step(s, p);
		if (s->core->commit.group.len >= COMMIT_FULL_BYTES || now_us(s) >= end)
			break;
	}
	plan_commit(s);
	if (!TAILQ_EMPTY(&s->queue))
		event_active(s->work, EV_TIMEOUT, 0);
}

static void on_commit_due(evutil_socket_t fd maybe_unused, short what maybe_unused, void *arg)
{
	schedule_commit(arg);
}

int schedule_init(struct server *s)
{
	TAILQ_INIT(&s->queue);
	TAILQ_INIT(&s->waiting);
	s->work = event_new(s->base, -1, 0, on_work, s);
	s->commit_due = evtimer_new(s->base, on_commit_due, s);
	return s->work && s->commit_due ? 0 : -ENOMEM;
}

void schedule_done(struct server *s)
{
	if (s->work)
		event_free(s->work);
	if (s->commit_due)
		event_free(s->commit_due);
}

void schedule_add(struct server *s, struct peer *p)
{
	TAILQ_INSERT_TAIL(&s->queue, p, turn);
	event_active(s->work, EV_TIMEOUT, 0);
}

void schedule_forget(struct server *s, struct peer *p)
{
	bool waits = p->state == PEER_WAITING;
	TAILQ_REMOVE(waits ? &s->waiting : &s->queue, p, turn);
	s->waiting_count -= waits ? 1 : 0;
}

static void report(struct server *s, int r)
{
	bool full = r == -ENOSPC || r == -EDQUOT;
	if (r == -EIO) {
		log_error("the journal could not be written and synced: the sink stops; start it again when "
		          "the disk "
		          "is mended");
		server_stop(s, 1);
	} else if (r < 0 && (!full || !s->full)) {
		log_error("a commit was dropped: %s; hosts are told to try again later", strerror(-r));
	} else if (r == 0 && s->full) {
		log_info("there is room again: hosts can append");
	}
	s->full = full || (r < 0 && s->full);
}

void schedule_settle(struct server *s, int r)
{
	struct peer *p;
	s->last_commit_us = now_us(s);
	evtimer_del(s->commit_due);
	while ((p = TAILQ_FIRST(&s->waiting))) {
		schedule_forget(s, p);
		append_settle(&p->append);
		peer_answer(p);
	}
	if (!s->stopping)
		report(s, r);
}

void schedule_commit(struct server *s)
{
	schedule_settle(s, core_commit(s->core));
}
