#include "sealer/epoch_file.h"

#include "lib/file.h"
#include "lib/text.h"

#define FIRST_LINE "swornlog-epoch/v1"
#define MAX_BYTES  ((size_t)16 << 10)

int epoch_file_write(const struct env *env, int state_fd, uint32_t epoch, struct span body)
{
	cleanup_buf struct buf b = { 0 };
	buf_printf(&b, FIRST_LINE "\n%u\n", epoch);
	text_put_base64(&b, body.data, body.len);
	buf_put_u8(&b, '\n');
	if (buf_err(&b))
		return buf_err(&b);
	return file_replace(env, state_fd, "epoch", (struct span){ b.data, b.len }, 0600);
}

int epoch_file_read(const struct env *env, int state_fd, uint32_t *ret_epoch, struct buf *ret_body)
{
	cleanup_buf struct buf b = { 0 };
	int r = file_read(env, state_fd, "epoch", MAX_BYTES, &b);
	if (r < 0)
		return r == -EFBIG ? -EBADMSG : r;
	struct cursor c;
	uint64_t epoch;
	cursor_init(&c, b.data, b.len);
	if (!span_is(cursor_line(&c), FIRST_LINE) || text_decimal(cursor_line(&c), &epoch) < 0 ||
	    epoch == 0 || epoch > UINT32_MAX)
		return -EBADMSG;
	struct span body = cursor_line(&c);
	if (cursor_finish(&c) < 0)
		return -EBADMSG;
	int r2 = text_base64(body, ret_body);
	if (r2 == 0)
		*ret_epoch = (uint32_t)epoch;
	return r2;
}
