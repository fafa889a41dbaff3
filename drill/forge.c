#include "drill/forge.h"

#include <fcntl.h>
#include <stdio.h>

#include "drill/slot.h"
#include "evidence/batch.h"
#include "evidence/key_file.h"
#include "evidence/seal.h"
#include "evidence/statement.h"
#include "lib/env.h"
#include "lib/file.h"
#include "verify/spool.h"

#define BASE_MAX  4096
#define SLOTS_MAX 8192

/* What was stolen: the log as it stands, and the identity key. */
struct loot {
	struct origin origin;
	struct frontier tree;
	struct seal seal; /* of the newest batch; its spans point into `raw` */
	struct buf raw;
	struct buf newest;
	struct signer *identity;
	struct signer stranger; /* signs as the seal key */
};

static void loot_done(struct loot *l)
{
	buf_done(&l->raw);
	buf_done(&l->newest);
	key_file_free(l->identity);
	signer_wipe(&l->stranger);
}

static int open_spool(const struct scratch_host *h, int *ret)
{
	char path[PATH_MAX];
	if (!host_path(h, "spool", path))
		return -ENAMETOOLONG;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

static int read_batch(int spool, const struct spool_file *f, struct buf *ret)
{
	char name[SPOOL_FILE_NAME_MAX];
	spool_file_name(f, name);
	return file_read(env_system(), spool, name, BATCH_MAX_BYTES, ret);
}

int forge_newest(const struct scratch_host *h, struct buf *ret)
{
	cleanup_close int spool = -1;
	cleanup_spool_listing struct spool_listing l = { 0 };
	int r = open_spool(h, &spool);
	if (r == 0)
		r = spool_listing_read(spool, NULL, &l);
	if (r == 0 && l.len == 0)
		r = -ENOENT;
	return r < 0 ? r : read_batch(spool, &l.file[l.len - 1], ret);
}

static int read_identity(const struct scratch_host *h, struct signer **ret)
{
	char path[PATH_MAX], error[256];
	if (!host_path(h, "state/identity.key", path))
		return -ENAMETOOLONG;
	return key_file_read_signer("the identity key", path, ret, error, sizeof(error));
}

/* The seal entry at the end of the newest batch's entries. */
static int read_seal(struct loot *l)
{
	struct cursor c;
	struct span body = { 0 };
	struct entry e;
	cursor_init(&c, l->raw.data, l->raw.len);
	while (batch_next_body(&c, &body))
		;
	return entry_parse_body(body, &e) < 0 || seal_parse(&e, &l->seal) < 0 ? -EBADMSG : 0;
}

static int hash_spool(int spool, struct loot *l)
{
	cleanup_spool_listing struct spool_listing list = { 0 };
	cleanup_salter struct salter *salter = NULL;
	int r = spool_listing_read(spool, NULL, &list);
	if (r == 0)
		r = salter_new(&salter);
	for (size_t i = 0; r == 0 && i < list.len; i++) {
		struct batch b;
		buf_reset(&l->newest);
		buf_reset(&l->raw);
		r = read_batch(spool, &list.file[i], &l->newest);
		if (r == 0 && batch_parse(buf_span(&l->newest), &b) < 0)
			r = -EBADMSG;
		if (r == 0 && b.origin.epoch == l->origin.epoch && b.first == l->tree.size)
			r = batch_unpack(&b, &l->raw) < 0
			            ? -EBADMSG
			            : batch_hash(&b, buf_span(&l->raw), salter, &l->tree);
	}
	return r;
}

static int steal(const struct scratch_host *h, struct loot *l)
{
	cleanup_close int spool = -1;
	cleanup_buf struct buf text = { 0 };
	struct spool_base base;
	int r = open_spool(h, &spool);
	if (r == 0)
		r = file_read(env_system(), spool, "base", BASE_MAX, &text);
	if (r == 0)
		r = spool_base_parse(buf_span(&text), &base);
	if (r < 0)
		return r;
	l->origin = base.origin;
	l->tree = base.tree;
	r = hash_spool(spool, l);
	if (r == 0)
		r = read_seal(l);
	return r < 0 ? r : read_identity(h, &l->identity);
}

static void add_body(struct buf *raw, const struct buf *body)
{
	buf_put_u16be(raw, (uint16_t)body->len);
	buf_put(raw, body->data, body->len);
	raw->err = raw->err ? raw->err : body->err;
}

/* Pack and sign: the stranger as the seal key, then the identity key. */
static int put_batch(struct loot *l, const struct buf *raw, uint32_t count, struct buf *ret)
{
	cleanup_salter struct salter *salter = NULL;
	cleanup_buf struct buf text = { 0 };
	char origin[ORIGIN_MAX + 1];
	uint8_t seed[BATCH_SEED_BYTES];
	struct hash root;
	struct batch b = { .origin = l->origin, .count = count, .first = l->tree.size, .seed = seed };
	int r = env_system()->random(env_system(), seed, sizeof(seed));
	if (r == 0)
		r = salter_new(&salter);
	if (r == 0)
		r = batch_hash(&b, buf_span(raw), salter, &l->tree);
	if (r < 0)
		return r;
	frontier_root(&l->tree, &root);
	origin_format(&l->origin, origin);
	checkpoint_put_text(&text, origin, l->tree.size, &root);
	struct batch_parts parts = {
		.codec = PACK_ZSTD,
		.origin = origin,
		.count = count,
		.first = b.first,
		.seed = seed,
		.raw = buf_span(raw),
		.root = &root,
		.signature_bytes = note_signature_bytes(l->stranger.key.name) +
		                   note_signature_bytes(l->identity->key.name),
	};
	r = batch_put_unsigned(ret, &parts);
	if (r == 0)
		r = note_put_signature(ret, buf_span(&text), &l->stranger);
	return r < 0 ? r : note_put_signature(ret, buf_span(&text), l->identity);
}

static void add_seal(struct loot *l, uint32_t count, struct buf *raw)
{
	cleanup_buf struct buf body = { 0 };
	struct seal s = l->seal;
	s.first = l->tree.size;
	s.count = count;
	s.next_key = l->stranger.key.pub;
	seal_put_body(&body, &s, 0);
	add_body(raw, &body);
}

static int become_stranger(struct loot *l)
{
	char name[KEY_NAME_MAX + 1];
	origin_seal_name(&l->origin, name);
	return signer_generate(env_system(), name, &l->stranger);
}

int forge_continuation(const struct scratch_host *h, struct buf *ret)
{
	cleanup(loot_done) struct loot l = { 0 };
	cleanup_buf struct buf raw = { 0 }, said = { 0 };
	static const char words[] = "nothing happened here";
	int r = steal(h, &l);
	if (r == 0)
		r = become_stranger(&l);
	if (r < 0)
		return r;
	agent_put_body(&said, AGENT_CONFLICT, span_str(words), 0);
	add_body(&raw, &said);
	add_seal(&l, 2, &raw);
	r = buf_err(&raw);
	return r < 0 ? r : put_batch(&l, &raw, 2, ret);
}

/* The one seal key that is still there: the next batch's. */
static int become_sealer(const struct scratch_host *h, struct loot *l)
{
	char path[PATH_MAX], name[KEY_NAME_MAX + 1];
	struct buf file = { 0 };
	origin_seal_name(&l->origin, name);
	if (!host_path(h, "state/keys", path))
		return -ENAMETOOLONG;
	int r = file_read(env_system(), AT_FDCWD, path, SLOTS_MAX, &file);
	if (r == 0)
		r = slot_find_secret(buf_span(&file), l->origin.epoch, l->tree.size, &l->stranger.secret);
	buf_wipe(&file);
	buf_done(&file);
	return r < 0 ? r : key_make(name, KEY_TYPE_ED25519, &l->stranger.secret.public_key, &l->stranger.key);
}

int forge_clock(const struct scratch_host *h, int64_t shift_us, struct buf *ret)
{
	cleanup(loot_done) struct loot l = { 0 };
	cleanup_buf struct buf raw = { 0 };
	int r = steal(h, &l);
	if (r == 0)
		r = become_sealer(h, &l);
	if (r < 0)
		return r;
	l.seal.clock.boot_us = env_now_us();
	l.seal.clock.wall_us = env_system()->wall_us(env_system()) + (uint64_t)shift_us;
	add_seal(&l, 1, &raw);
	r = buf_err(&raw);
	return r < 0 ? r : put_batch(&l, &raw, 1, ret);
}

static int put_fleet_vkey(const struct scratch_host *h, struct buf *ret)
{
	cleanup_buf struct buf bytes = { 0 };
	struct genesis g;
	int r = file_read(env_system(), AT_FDCWD, h->fleet->anchor, STATEMENT_MAX_BYTES, &bytes);
	if (r == 0)
		r = genesis_parse(buf_span(&bytes), &g);
	if (r < 0)
		return r;
	key_put(ret, &g.log);
	return buf_err(ret);
}

int forge_epoch(const struct scratch_host *h, struct buf *ret)
{
	cleanup(loot_done) struct loot l = { 0 };
	cleanup_buf struct buf raw = { 0 }, start = { 0 }, vkey = { 0 };
	int r = steal(h, &l);
	if (r == 0)
		r = put_fleet_vkey(h, &vkey);
	if (r < 0)
		return r;
	struct epoch_start e = { .epoch = l.origin.epoch + 1,
		                 .cause = EPOCH_STATE_LOST,
		                 .predecessor = { .epoch = l.origin.epoch },
		                 .version = { (const uint8_t *)SWORNLOG_VERSION, strlen(SWORNLOG_VERSION) } };
	e.fleet_vkey = buf_span(&vkey);
	l.origin.epoch++;
	l.tree = (struct frontier){ 0 };
	l.seal.account = (struct account){ 0 };
	l.seal.has_posture = false;
	l.seal.fleet.size = 0;
	r = become_stranger(&l);
	if (r < 0)
		return r;
	e.first_key = l.stranger.key.pub;
	epoch_put_body(&start, &e, 0);
	add_body(&raw, &start);
	add_seal(&l, 2, &raw);
	r = buf_err(&raw);
	return r < 0 ? r : put_batch(&l, &raw, 2, ret);
}
