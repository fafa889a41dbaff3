#include "drill/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "evidence/intake.h"
#include "lib/cbor.h"
#include "lib/connect.h"
#include "lib/env.h"
#include "lib/text.h"

#define TIMEOUT_S      10
#define NAME_MAX_BYTES 4096u

int source_open(struct scratch_host *h, struct source *ret)
{
	char path[PATH_MAX];
	*ret = (struct source){ .fd = -1 };
	if (!host_path(h, "run/events.sock", path))
		return -ENAMETOOLONG;
	return connect_unix_timeout(path, TIMEOUT_S, &ret->fd);
}

static int send_all(struct source *f, const struct buf *b)
{
	int r = buf_err(b);
	for (size_t at = 0; r == 0 && at < b->len;) {
		ssize_t n = send(f->fd, b->data + at, b->len - at, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			r = -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return r;
}

static int put_event(struct buf *b, size_t name_bytes)
{
	uint8_t noise[NAME_MAX_BYTES / 2];
	cleanup_buf struct buf path = { 0 }, fields = { 0 };
	size_t n = MIN(MAX(name_bytes / 2, (size_t)4), sizeof(noise));
	int r = env_system()->random(env_system(), noise, n);
	if (r < 0)
		return r;
	buf_put_str(&path, "/srv/drill/");
	text_put_hex(&path, noise, n);
	cbor_put_map(&fields, 2);
	cbor_put_uint(&fields, FILE_PATH);
	cbor_put_bytes(&fields, path.data, path.len);
	cbor_put_uint(&fields, FILE_RESULT);
	cbor_put_uint(&fields, 0);
	struct intake_event e = { .kind = KIND_OPEN,
		                  .sensors = SENSOR_AGENT,
		                  .boot_us = env_now_us(),
		                  .fields = { fields.data, fields.len } };
	intake_put_event(b, &e);
	return buf_err(&fields);
}

int source_send(struct source *f, unsigned events, size_t name_bytes)
{
	cleanup_buf struct buf b = { 0 };
	int r = 0;
	for (unsigned i = 0; r == 0 && i < events; i++)
		r = put_event(&b, name_bytes);
	f->sent += events;
	struct intake_counts c = { .emitted = f->sent, .sent = f->sent };
	intake_put_counts(&b, &c);
	return r < 0 ? r : send_all(f, &b);
}

void source_close(struct source *f)
{
	cleanup_buf struct buf b = { 0 };
	if (f->fd < 0)
		return;
	intake_put_goodbye(&b);
	/* Nobody listens any more, perhaps: then there is nobody to say it to. */
	(void)!send_all(f, &b);
	close_fd(&f->fd);
}
