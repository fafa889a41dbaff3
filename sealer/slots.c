#include "sealer/slots.h"

#include <fcntl.h>

#include <openssl/crypto.h>

#include "lib/buf.h"
#include "lib/cbor.h"
#include "lib/file.h"

static const char magic[8] = "swlslot1";

void slot_wipe(struct slot *s)
{
	OPENSSL_cleanse(s, sizeof(*s));
}

int slots_open(const struct env *env, int state_fd, struct slots *ret)
{
	int fd = env->open(env, state_fd, "keys", O_RDWR | O_CREAT | O_DSYNC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fd;
	uint64_t size;
	int r = env->size(env, fd, &size);
	if (r == 0 && size != SLOTS_BYTES) {
		static const uint8_t zeros[SLOTS_BYTES];
		r = env->truncate(env, fd, SLOTS_BYTES);
		if (r == 0)
			r = file_write_all(env, fd, (struct span){ zeros, sizeof(zeros) }, 0);
		if (r == 0)
			r = env->datasync(env, fd);
		if (r == 0)
			r = env->dirsync(env, state_fd);
	}
	if (r < 0) {
		env->close(env, fd);
		return r;
	}
	*ret = (struct slots){ .env = env, .fd = fd };
	return 0;
}

void slots_close(struct slots *s)
{
	if (s->fd >= 0)
		s->env->close(s->env, s->fd);
	s->fd = -1;
}

static void put_payload(struct buf *b, const struct slot *s)
{
	cbor_put_array(b, 7);
	cbor_put_uint(b, s->generation);
	cbor_put_uint(b, s->epoch);
	cbor_put_uint(b, s->tree.size);
	cbor_put_array(b, frontier_count(&s->tree));
	for (unsigned i = 0; i < frontier_count(&s->tree); i++)
		cbor_put_bytes(b, s->tree.node[i].b, 32);
	cbor_put_bytes(b, s->secret.seed, sizeof(s->secret.seed));
	cbor_put_array(b, 5);
	cbor_put_uint(b, s->account.emitted);
	cbor_put_uint(b, s->account.stored);
	cbor_put_uint(b, s->account.filtered);
	cbor_put_uint(b, s->account.lost);
	cbor_put_uint(b, s->account.exactness);
	if (s->has_posture)
		cbor_put_bytes(b, s->posture.b, 32);
	else
		cbor_put_null(b);
}

static void get_exact(struct cursor *c, void *out, size_t n)
{
	struct span s = cbor_bytes(c);
	if (c->err || s.len != n)
		cursor_fail(c);
	else
		memcpy(out, s.data, n);
}

static void get_account(struct cursor *c, struct account *a)
{
	if (cbor_array(c) != 5)
		cursor_fail(c);
	a->emitted = cbor_uint(c);
	a->stored = cbor_uint(c);
	a->filtered = cbor_uint(c);
	a->lost = cbor_uint(c);
	a->exactness = cbor_uint(c);
}

static int get_payload(struct span payload, struct slot *s)
{
	struct cursor c;
	uint8_t seed[32] = { 0 };
	cursor_init(&c, payload.data, payload.len);
	if (cbor_array(&c) != 7)
		return -EBADMSG;
	s->generation = cbor_uint(&c);
	uint64_t epoch = cbor_uint(&c);
	s->tree.size = cbor_uint(&c);
	if (cbor_array(&c) != frontier_count(&s->tree))
		cursor_fail(&c);
	for (unsigned i = 0; i < frontier_count(&s->tree) && !c.err; i++)
		get_exact(&c, s->tree.node[i].b, 32);
	get_exact(&c, seed, sizeof(seed));
	get_account(&c, &s->account);
	s->has_posture = !cbor_null(&c);
	if (s->has_posture)
		get_exact(&c, s->posture.b, 32);
	int r = cursor_finish(&c);
	if (r == 0 && (epoch == 0 || epoch > UINT32_MAX || s->generation == 0))
		r = -EBADMSG;
	s->epoch = (uint32_t)epoch;
	if (r == 0)
		r = ed25519_from_seed(seed, &s->secret);
	OPENSSL_cleanse(seed, sizeof(seed));
	return r;
}

/* A slot that is not exactly right is as good as an empty one: its key may not be used. */
static bool parse(const uint8_t bytes[SLOT_BYTES], struct slot *ret)
{
	struct cursor c;
	cursor_init(&c, bytes, SLOT_BYTES);
	struct span m = cursor_bytes(&c, sizeof(magic));
	uint32_t n = cursor_u32be(&c);
	struct span payload = cursor_bytes(&c, n);
	struct span check = cursor_bytes(&c, sizeof(struct hash));
	if (c.err || memcmp(m.data, magic, sizeof(magic)) != 0)
		return false;
	struct hash h;
	sha256(bytes, (size_t)(check.data - bytes), &h);
	while (cursor_left(&c) > 0) {
		if (cursor_u8(&c) != 0)
			return false;
	}
	return CRYPTO_memcmp(h.b, check.data, sizeof(h.b)) == 0 && get_payload(payload, ret) == 0;
}

int slots_read(const struct slots *s, struct slot ret[2])
{
	uint8_t bytes[SLOTS_BYTES];
	int r = file_read_exact(s->env, s->fd, bytes, sizeof(bytes), 0);
	if (r < 0)
		return r;
	for (int i = 0; i < 2; i++) {
		struct slot slot = { 0 };
		ret[i] = (struct slot){ 0 };
		if (parse(bytes + i * SLOT_BYTES, &slot) && slot.generation % 2 == (uint64_t)i)
			ret[i] = slot;
		slot_wipe(&slot);
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
	if (ret[0].generation > ret[1].generation) {
		struct slot newer = ret[0];
		ret[0] = ret[1];
		ret[1] = newer;
		slot_wipe(&newer);
	}
	return 0;
}

static int write_slot(const struct slots *s, uint64_t generation, const uint8_t bytes[SLOT_BYTES])
{
	uint64_t offset = generation % 2 * SLOT_BYTES;
	int r = file_write_all(s->env, s->fd, (struct span){ bytes, SLOT_BYTES }, offset);
	return r < 0 ? r : s->env->datasync(s->env, s->fd);
}

int slots_write(const struct slots *s, const struct slot *slot)
{
	uint8_t bytes[SLOT_BYTES] = { 0 };
	cleanup_buf struct buf payload = { 0 }, b = { 0 };
	put_payload(&payload, slot);
	buf_put(&b, magic, sizeof(magic));
	buf_put_u32be(&b, (uint32_t)payload.len);
	buf_put(&b, payload.data, payload.len);
	int r = buf_err(&b) ? buf_err(&b) : buf_err(&payload);
	if (r == 0) {
		struct hash h;
		sha256(b.data, b.len, &h);
		buf_put(&b, h.b, sizeof(h.b));
		r = buf_err(&b);
	}
	if (r == 0) {
		assert(b.len <= sizeof(bytes));
		memcpy(bytes, b.data, b.len);
		r = write_slot(s, slot->generation, bytes);
	}
	buf_wipe(&payload);
	buf_wipe(&b);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return r;
}

int slots_erase(const struct slots *s, uint64_t generation)
{
	static const uint8_t zeros[SLOT_BYTES];
	return write_slot(s, generation, zeros);
}
