#include "collector/outlet.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "collector/delivery.h"
#include "collector/frame_queue.h"
#include "collector/loss_ledger.h"
#include "lib/connect.h"

/* Of the queue, for frames that declare: events never use it. */
#define RESERVE_BYTES  ((size_t)16 << 10)
#define BACKOFF_MIN_US 100000
#define BACKOFF_MAX_US 5000000

struct outlet {
	struct outlet_config config;
	int fd;
	uint64_t try_us; /* no sooner */
	uint64_t backoff_us;
	struct frame_queue *queue;
	size_t capacity;
	struct loss_ledger ledger;
	bool refusing;                     /* full: until it is half empty again */
	bool news;                         /* since the last account */
	bool spoke;                        /* over the present connection */
	uint64_t filtered, sent, declared; /* declared: exact losses in frames that were queued */
	uint64_t undeclared;               /* exact losses in the ledger */
	uint64_t filtered_told;            /* in an account that was queued */
	struct delivery delivery;          /* of those that are sent, declared, or told as filtered */
	struct buf posture;
	struct buf rules; /* a frame */
	bool owes_rules;
	struct buf frame;
	uint8_t heard[INTAKE_OWN_BYTES];
	size_t heard_len;
};

static void free_outlet(struct outlet **o)
{
	outlet_free(*o);
}

int outlet_new(const struct outlet_config *config, struct outlet **ret)
{
	struct outlet *o cleanup(free_outlet) = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->config = *config;
	o->fd = -1;
	o->backoff_us = BACKOFF_MIN_US;
	o->capacity = config->queue_bytes ? config->queue_bytes : OUTLET_QUEUE_BYTES;
	o->capacity = MAX(o->capacity, INTAKE_MAX_BYTES + 2 * RESERVE_BYTES);
	int err = frame_queue_new(o->capacity, &o->queue);
	if (err)
		return err;
	*ret = TAKE_PTR(o);
	return 0;
}

void outlet_free(struct outlet *o)
{
	if (!o)
		return;
	close_fd(&o->fd);
	frame_queue_free(o->queue);
	buf_done(&o->posture);
	buf_done(&o->rules);
	buf_done(&o->frame);
	free(o);
}

static void note_loss(struct outlet *o, const struct intake_loss *loss)
{
	loss_ledger_add(&o->ledger, loss);
	if (loss->exactness == EXACT)
		o->undeclared += loss->count;
	o->news = true;
}

static bool queue(struct outlet *o, const struct buf *frame)
{
	if (buf_err(frame) || !frame_queue_put(o->queue, (struct span){ frame->data, frame->len }))
		return false;
	delivery_put(&o->delivery, frame->len);
	return true;
}

static bool queue_frame(struct outlet *o)
{
	return queue(o, &o->frame);
}

static uint64_t queued_events(const struct outlet *o)
{
	return o->sent + o->declared + o->filtered_told;
}

/* Declare what was lost, as far as there is room. True if nothing is left to declare. */
static bool declare_losses(struct outlet *o)
{
	const struct intake_loss *loss;
	while ((loss = loss_ledger_first(&o->ledger))) {
		buf_reset(&o->frame);
		intake_put_loss(&o->frame, loss);
		if (!queue_frame(o))
			return false;
		if (loss->exactness == EXACT) {
			o->undeclared -= loss->count;
			o->declared += loss->count;
		}
		loss_ledger_remove_first(&o->ledger);
	}
	return true;
}

/* One line for a whole time of fullness, not one for each event that just did not fit. */
static bool accepts(struct outlet *o)
{
	if (o->refusing && frame_queue_used(o->queue) > o->capacity / 2)
		return false;
	o->refusing = false;
	return true;
}

static bool lose_event(struct outlet *o, const struct intake_event *event, enum loss_reason reason)
{
	struct intake_loss loss = { .reason = (uint8_t)reason,
		                    .exactness = EXACT,
		                    .kind = event->kind,
		                    .count = 1,
		                    .since_boot_us = event->boot_us };
	note_loss(o, &loss);
	return false;
}

bool outlet_put(struct outlet *o, const struct intake_event *event)
{
	if (event->fields.len > OUTLET_FIELDS_MAX)
		return lose_event(o, event, LOSS_TOO_LARGE);
	if (!accepts(o) || !declare_losses(o))
		return lose_event(o, event, LOSS_PIPE_FULL);
	buf_reset(&o->frame);
	intake_put_event(&o->frame, event);
	if (o->frame.len + RESERVE_BYTES > frame_queue_room(o->queue) || !queue_frame(o)) {
		o->refusing = true;
		return lose_event(o, event, LOSS_PIPE_FULL);
	}
	o->sent++;
	o->news = true;
	return true;
}

void outlet_filter(struct outlet *o, uint64_t n)
{
	o->filtered += n;
	o->news = o->news || n > 0;
}

void outlet_lose(struct outlet *o, const struct intake_loss *loss)
{
	note_loss(o, loss);
}

static void queue_posture(struct outlet *o)
{
	if (!o->posture.len)
		return;
	buf_reset(&o->frame);
	intake_put_posture(&o->frame, (struct span){ o->posture.data, o->posture.len });
	/* With no room now, the sealer hears of it at the next change or connection. */
	if (queue_frame(o))
		o->news = true;
}

int outlet_set_posture(struct outlet *o, struct span map)
{
	buf_reset(&o->posture);
	buf_put(&o->posture, map.data, map.len);
	if (buf_err(&o->posture))
		return -ENOMEM;
	queue_posture(o);
	return 0;
}

static void queue_rules(struct outlet *o)
{
	o->owes_rules = o->rules.len && !queue(o, &o->rules);
	o->news = true;
}

int outlet_set_rules(struct outlet *o, const struct intake_rules *rules)
{
	buf_reset(&o->rules);
	intake_put_rules(&o->rules, rules);
	if (buf_err(&o->rules))
		return -ENOMEM;
	queue_rules(o);
	return 0;
}

bool outlet_refuse_rules(struct outlet *o, const struct intake_rules *rules)
{
	buf_reset(&o->frame);
	intake_put_rules(&o->frame, rules);
	return queue_frame(o);
}

void outlet_settle(struct outlet *o, struct intake_counts *counts)
{
	if (o->owes_rules)
		queue_rules(o);
	if (!o->news || !accepts(o) || !declare_losses(o))
		return;
	counts->filtered = o->filtered;
	counts->sent = o->sent;
	counts->lost = o->declared;
	counts->emitted = o->filtered + o->sent + o->declared;
	buf_reset(&o->frame);
	intake_put_counts(&o->frame, counts);
	if (!queue_frame(o))
		return;
	o->filtered_told = o->filtered;
	o->news = false;
}

void outlet_goodbye(struct outlet *o)
{
	buf_reset(&o->frame);
	intake_put_goodbye(&o->frame);
	if (queue_frame(o))
		o->spoke = false;
}

/* A frame that did not reach the sealer: an event is lost now, a loss must be declared again. */
static void take_back(struct outlet *o, const struct intake_frame *frame)
{
	if (frame->type == INTAKE_EVENT) {
		o->sent--;
		lose_event(o, &frame->event, LOSS_SEALER_DOWN);
	} else if (frame->type == INTAKE_LOSS) {
		if (frame->loss.exactness == EXACT)
			o->declared -= frame->loss.count;
		note_loss(o, &frame->loss);
	}
}

static void take_back_all(struct outlet *o)
{
	static struct intake_frame frame;
	buf_reset(&o->frame);
	while (frame_queue_take_back(o->queue, &o->frame)) {
		struct span bytes = { o->frame.data, o->frame.len };
		if (!buf_err(&o->frame) && intake_parse(bytes, &frame) > 0)
			take_back(o, &frame);
		buf_reset(&o->frame);
	}
}

/* What the socket had taken may or may not have been read: nobody can say. */
static void restart(struct outlet *o)
{
	close_fd(&o->fd);
	o->heard_len = 0;
	o->refusing = false;
	take_back_all(o);
	delivery_restart(&o->delivery, queued_events(o));
	if (o->spoke) {
		static const char words[] = "the sealer went away with events in flight";
		struct intake_loss loss = { .reason = LOSS_SEALER_DOWN,
			                    .exactness = UNKNOWN,
			                    .detail = { (const uint8_t *)words, sizeof(words) - 1 } };
		note_loss(o, &loss);
	}
	o->spoke = false;
	queue_posture(o);
	queue_rules(o);
	if (o->config.on_restart)
		o->config.on_restart(o->config.context);
}

void outlet_connect_fd(struct outlet *o, int fd)
{
	if (o->fd >= 0)
		restart(o);
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		close(fd);
		return;
	}
	o->fd = fd;
	o->backoff_us = BACKOFF_MIN_US;
}

void outlet_tick(struct outlet *o, uint64_t now_us)
{
	if (o->fd >= 0 || !o->config.path || now_us < o->try_us)
		return;
	int fd;
	if (connect_unix(o->config.path, &fd)) {
		o->try_us = now_us + o->backoff_us;
		o->backoff_us = MIN(o->backoff_us * 2, (uint64_t)BACKOFF_MAX_US);
		return;
	}
	outlet_connect_fd(o, fd);
}

int outlet_fd(const struct outlet *o)
{
	return o->fd;
}

bool outlet_wants_write(const struct outlet *o)
{
	return o->fd >= 0 && frame_queue_used(o->queue) > 0;
}

static bool gone(ssize_t n)
{
	return n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
}

static void write_some(struct outlet *o)
{
	struct iovec parts[2];
	int count;
	while (o->fd >= 0 && (count = frame_queue_parts(o->queue, parts)) > 0) {
		struct msghdr message = { .msg_iov = parts, .msg_iovlen = (size_t)count };
		ssize_t n = sendmsg(o->fd, &message, MSG_NOSIGNAL);
		if (gone(n))
			restart(o);
		if (n <= 0)
			return;
		frame_queue_written(o->queue, (size_t)n);
		delivery_gone(&o->delivery, (size_t)n);
		o->spoke = true;
	}
}

static bool heard_record(struct outlet *o)
{
	const uint8_t *p = o->heard;
	if (p[0] != INTAKE_OWN_PROCESS)
		return false;
	uint32_t pid = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
	if (o->config.on_own_process)
		o->config.on_own_process(o->config.context, pid);
	o->heard_len = 0;
	return true;
}

static void read_some(struct outlet *o)
{
	while (o->fd >= 0) {
		ssize_t n = recv(o->fd, o->heard + o->heard_len, sizeof(o->heard) - o->heard_len, 0);
		if (n == 0 || gone(n)) {
			restart(o);
			return;
		}
		if (n < 0)
			return;
		o->heard_len += (size_t)n;
		if (o->heard_len == sizeof(o->heard) && !heard_record(o)) {
			restart(o);
			return;
		}
	}
}

uint64_t outlet_undelivered(const struct outlet *o)
{
	return o->sent + o->declared + o->undeclared + o->filtered - o->delivery.gone;
}

void outlet_resumed(struct outlet *o)
{
	buf_reset(&o->frame);
	intake_put_resumed(&o->frame);
	if (queue_frame(o))
		o->news = true;
}

void outlet_ready(struct outlet *o)
{
	write_some(o);
	delivery_mark(&o->delivery, queued_events(o));
	read_some(o);
}

struct outlet_totals outlet_totals(const struct outlet *o)
{
	uint64_t lost = o->declared + o->undeclared;
	return (struct outlet_totals){ .emitted = o->filtered + lost + o->sent,
		                       .filtered = o->filtered,
		                       .lost = lost,
		                       .sent = o->sent };
}

size_t outlet_queued(const struct outlet *o)
{
	return frame_queue_used(o->queue);
}
