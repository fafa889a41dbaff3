#include "tests/support/make_store.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/generation.h"
#include "evidence/tile.h"
#include "lib/cbor.h"

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

static void write_file(const struct make_store *m, const char *path, struct span content)
{
	char folder[512];
	for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(at - path), path);
		need(mkdirat(m->dirfd, folder, 0755) == 0 || errno == EEXIST, folder);
	}
	int fd = openat(m->dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	need(fd >= 0, path);
	while (content.len > 0) {
		ssize_t n = write(fd, content.data, content.len);
		need(n > 0, path);
		content.data += n;
		content.len -= (size_t)n;
	}
	close(fd);
}

static struct span span_of(const struct buf *b)
{
	need(b->err == 0, "buffer");
	return (struct span){ b->data, b->len };
}

static void put_record(struct make_store *m, enum record_type type, const struct buf *payload)
{
	record_put(&m->journal, &m->file, m->journal.len, type, span_of(payload));
}

static int by_label(const void *a, const void *b)
{
	return strcmp(((const struct made_host *)a)->label, ((const struct made_host *)b)->label);
}

/* Of a host that was enrolled by people, and of nobody else. */
static void put_standing(struct buf *b)
{
	cbor_put_array(b, 6);
	cbor_put_uint(b, 0);
	cbor_put_null(b);
	cbor_put_bool(b, false);
	cbor_put_bool(b, false);
	cbor_put_array(b, 2);
	cbor_put_uint(b, 0);
	cbor_put_uint(b, 0);
	cbor_put_uint(b, 0);
}

static void put_roll(struct buf *b)
{
	cbor_put_array(b, 5);
	cbor_put_array(b, 0);
	cbor_put_array(b, 0);
	cbor_put_null(b);
	cbor_put_null(b);
	cbor_put_array(b, 2);
	cbor_put_uint(b, 0);
	cbor_put_bytes(b, "", 0);
}

static void put_snapshot(struct make_store *m)
{
	cleanup_buf struct buf b = { 0 };
	qsort(m->host, m->host_count, sizeof(m->host[0]), by_label);
	cbor_put_array(&b, 5);
	cbor_put_uint(&b, m->tree.size);
	cbor_put_array(&b, frontier_count(&m->tree));
	for (unsigned i = 0; i < frontier_count(&m->tree); i++)
		cbor_put_bytes(&b, m->tree.node[i].b, 32);
	cbor_put_bytes(&b, m->note.data, m->note.len);
	cbor_put_array(&b, m->host_count);
	for (size_t i = 0; i < m->host_count; i++) {
		const struct made_host *h = &m->host[i];
		cleanup_buf struct buf vkey = { 0 };
		key_put(&vkey, &h->identity);
		cbor_put_array(&b, 10);
		cbor_put_bytes(&b, h->label, strlen(h->label));
		cbor_put_bytes(&b, vkey.data, vkey.len);
		cbor_put_bytes(&b, h->certificate.b, 32);
		cbor_put_uint(&b, h->epoch);
		cbor_put_uint(&b, h->size);
		cbor_put_array(&b, 0);
		cbor_put_bytes(&b, "", 0);
		cbor_put_bytes(&b, "", 0);
		cbor_put_null(&b);
		put_standing(&b);
	}
	put_roll(&b);
	put_record(m, RECORD_SNAPSHOT, &b);
}

static void begin_journal(struct make_store *m, uint64_t number)
{
	m->file = (struct record_file){ .number = number };
	m->batch_count = 0;
	buf_reset(&m->journal);
	buf_reset(&m->fleet_records);
	record_put_file_header(&m->journal, &m->file);
	put_snapshot(m);
}

static void add_leaf(struct make_store *m, struct span entry)
{
	struct hash leaf;
	merkle_leaf(entry, &leaf);
	frontier_add(&m->tree, &leaf);
	tile_put_bundle_entry(&m->entries, entry);
	if (m->leaf_count == m->leaf_cap) {
		m->leaf_cap = MAX(m->leaf_cap * 2, (size_t)256);
		m->leaf = reallocarray(m->leaf, m->leaf_cap, sizeof(*m->leaf));
		need(m->leaf, "leaves");
	}
	m->leaf[m->leaf_count++] = leaf;
}

static void sign_note(struct make_store *m)
{
	cleanup_buf struct buf text = { 0 };
	struct hash root;
	struct signer now = { .key = m->log_key, .secret = m->fleet.log.secret };
	const struct signer *log = &now;
	frontier_root(&m->tree, &root);
	checkpoint_put_text(&text, log->key.name, m->tree.size, &root);
	buf_reset(&m->note);
	need(note_put(&m->note, span_of(&text), &log, 1) == 0, "note");
}

static void end_group(struct make_store *m, const struct fleet_entry *e)
{
	cleanup_buf struct buf entry = { 0 }, payload = { 0 };
	struct record_head heads[MAKE_STORE_HOSTS];
	for (size_t i = 0; i < m->head_count; i++)
		heads[i] = (struct record_head){
			.origin = { (const uint8_t *)m->head[i].origin, strlen(m->head[i].origin) },
			.size = m->head[i].size,
			.root = m->head[i].root,
		};
	m->time_us += 50000;
	fleet_put_entry(&entry, e);
	add_leaf(m, span_of(&entry));
	sign_note(m);
	fleet_record_put(&payload, m->tree.size - 1, span_of(&entry), heads, m->head_count,
	                 span_of(&m->note));
	put_record(m, RECORD_FLEET, &payload);
	buf_put_u32be(&m->fleet_records, (uint32_t)payload.len);
	buf_put(&m->fleet_records, payload.data, payload.len);
	m->head_count = 0;
}

void make_store_statement(struct make_store *m, struct span note)
{
	end_group(m, &(struct fleet_entry){ .kind = FLEET_STATEMENT, .time_us = m->time_us, .note = note });
}

void make_store_restore(struct make_store *m, uint64_t generation, const char *detail)
{
	cleanup_buf struct buf b = { 0 };
	struct restored r = { .size = m->tree.size, .generation = generation };
	need(generation_parse(span_str(m->log_key.name), &m->fleet.log.key, &r.former) == 0, "generation");
	frontier_root(&m->tree, &r.root);
	restored_put(&b, &m->fleet.log.key, &r);
	buf_put_u8(&b, 0);
	need(generation_key(&m->fleet.log.key, generation, &m->log_key) == 0, "generation");
	make_store_sink(m, SINK_RESTORED, detail ? detail : (const char *)b.data);
}

void make_store_announce(struct make_store *m, struct span note)
{
	end_group(m, &(struct fleet_entry){ .kind = FLEET_ANNOUNCE, .time_us = m->time_us, .note = note });
}

void make_store_sink(struct make_store *m, enum sink_what what, const char *detail)
{
	struct span text = { (const uint8_t *)detail, strlen(detail) };
	end_group(m, &(struct fleet_entry){
	                     .kind = FLEET_SINK, .time_us = m->time_us, .what = what, .detail = text });
}

void make_store_init(struct make_store *m, const char *path)
{
	*m = (struct make_store){ .dirfd = -1, .time_us = 1795500000000000 };
	if (path) {
		snprintf(m->path, sizeof(m->path), "%s", path);
		need(mkdir(m->path, 0755) == 0, path);
	} else {
		snprintf(m->path, sizeof(m->path), "/tmp/swornlog-store-XXXXXX");
		need(mkdtemp(m->path), m->path);
	}
	m->dirfd = open(m->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	need(m->dirfd >= 0, m->path);
	test_fleet_init(&m->fleet, "acme");
	m->log_key = m->fleet.log.key;
	cleanup_buf struct buf vkey = { 0 };
	key_put(&vkey, &m->fleet.log.key);
	snprintf(m->vkey, sizeof(m->vkey), "%.*s", (int)vkey.len, (const char *)vkey.data);
	write_file(m, "genesis", span_of(&m->fleet.genesis_note));
	write_file(m, "lock", (struct span){ 0 });
	static const char *const folders[] = { "journal", "segment", "fleet", "forks" };
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		need(mkdirat(m->dirfd, folders[i], 0755) == 0, folders[i]);
	begin_journal(m, 1);
	make_store_statement(m, span_of(&m->fleet.genesis_note));
}

void make_store_done(struct make_store *m)
{
	test_fleet_done(&m->fleet);
	buf_done(&m->journal);
	buf_done(&m->fleet_records);
	buf_done(&m->entries);
	buf_done(&m->note);
	free(m->batch);
	free(m->leaf);
	close_fd(&m->dirfd);
}

void make_store_remove(const struct make_store *m)
{
	char command[512];
	snprintf(command, sizeof(command), "rm -rf '%s'", m->path);
	need(system(command) == 0, command);
}

void make_store_host(struct make_store *m, struct host_log *h, const char *label, uint32_t epoch)
{
	host_log_init(h, m->fleet.name, label, epoch);
	h->fleet_vkey = span_str(m->vkey);
}

void make_store_enrol(struct make_store *m, const struct host_log *h)
{
	cleanup_buf struct buf note = { 0 };
	need(m->host_count < MAKE_STORE_HOSTS, "hosts");
	struct made_host *made = &m->host[m->host_count++];
	*made = (struct made_host){ .identity = h->identity.key, .certificate = h->certificate };
	memcpy(made->label, h->origin.host, sizeof(made->label));
	test_fleet_enrol(&m->fleet, h, &note);
	make_store_statement(m, span_of(&note));
}

static void take_head(struct make_store *m, const struct batch *b, const char *origin)
{
	size_t i = 0;
	while (i < m->head_count && strcmp(m->head[i].origin, origin) < 0)
		i++;
	if (i == m->head_count || strcmp(m->head[i].origin, origin) != 0) {
		need(m->head_count < MAKE_STORE_HOSTS, "heads");
		memmove(&m->head[i + 1], &m->head[i], (m->head_count - i) * sizeof(m->head[0]));
		m->head_count++;
	}
	memcpy(m->head[i].origin, origin, strlen(origin) + 1);
	m->head[i].size = b->head.size;
	m->head[i].root = b->head.root;
	for (size_t k = 0; k < m->host_count; k++) {
		if (strcmp(m->host[k].label, b->origin.host) != 0)
			continue;
		m->host[k].epoch = b->origin.epoch;
		m->host[k].size = b->head.size;
	}
}

void make_store_put(struct make_store *m, struct span bytes)
{
	struct batch b;
	need(batch_parse(bytes, &b) > 0, "batch");
	if (m->batch_count == m->batch_cap) {
		m->batch_cap = MAX(m->batch_cap * 2, (size_t)64);
		m->batch = reallocarray(m->batch, m->batch_cap, sizeof(*m->batch));
		need(m->batch, "batches");
	}
	struct made_batch *made = &m->batch[m->batch_count++];
	*made = (struct made_batch){ .offset = m->journal.len, .first = b.first, .count = b.count };
	origin_format(&b.origin, made->origin);
	record_put(&m->journal, &m->file, m->journal.len, RECORD_BATCH, bytes);
	made->length = m->journal.len - made->offset;
	take_head(m, &b, made->origin);
}

void make_store_batch(struct make_store *m, struct host_log *h, const struct host_log_batch *what)
{
	cleanup_buf struct buf bytes = { 0 };
	m->time_us = MAX(m->time_us, h->clock_us);
	host_log_batch(h, what, &bytes);
	make_store_put(m, span_of(&bytes));
}

void make_store_commit(struct make_store *m)
{
	struct frontier tree = { 0 };
	struct fleet_entry e = { .kind = FLEET_COMMIT, .time_us = m->time_us, .heads = m->head_count };
	for (size_t i = 0; i < m->head_count; i++) {
		struct hash leaf;
		struct span origin = { (const uint8_t *)m->head[i].origin, strlen(m->head[i].origin) };
		commit_leaf(origin, m->head[i].size, &m->head[i].root, &leaf);
		frontier_add(&tree, &leaf);
	}
	frontier_root(&tree, &e.root);
	end_group(m, &e);
}

struct fleet_head make_store_head(const struct make_store *m)
{
	struct fleet_head head = { .size = m->tree.size };
	frontier_root(&m->tree, &head.root);
	return head;
}

static int by_origin(const void *a, const void *b)
{
	const struct made_batch *x = a, *y = b;
	int order = strcmp(x->origin, y->origin);
	return order ? order : x->first < y->first ? -1 : x->first > y->first;
}

static void put_fleet_records(struct make_store *m, const struct record_file *f, struct buf *out)
{
	struct cursor c;
	cursor_init(&c, m->fleet_records.data, m->fleet_records.len);
	while (cursor_left(&c) > 0) {
		struct span payload = cursor_bytes(&c, cursor_u32be(&c));
		record_put(out, f, out->len, RECORD_FLEET, payload);
	}
}

static void put_segment(struct make_store *m, struct buf *out)
{
	struct record_file f = { .segment = true, .number = m->file.number };
	cleanup_buf struct buf index = { 0 };
	cleanup_free struct index_row *rows = calloc(m->batch_count + 1, sizeof(*rows));
	need(rows, "rows");
	qsort(m->batch, m->batch_count, sizeof(*m->batch), by_origin);
	record_put_file_header(out, &f);
	for (size_t i = 0; i < m->batch_count; i++) {
		const struct made_batch *b = &m->batch[i];
		struct span payload = { m->journal.data + b->offset + RECORD_HEAD_BYTES,
			                b->length - RECORD_OVERHEAD };
		rows[i] = (struct index_row){ .origin = { (const uint8_t *)b->origin, strlen(b->origin) },
			                      .first = b->first,
			                      .count = b->count,
			                      .offset = out->len,
			                      .length = b->length };
		record_put(out, &f, out->len, RECORD_BATCH, payload);
	}
	put_fleet_records(m, &f, out);
	uint64_t at = out->len;
	index_put(&index, rows, m->batch_count);
	record_put(out, &f, at, RECORD_INDEX, span_of(&index));
	buf_put_u64be(out, at);
	buf_put_str(out, "swlsegm1");
}

static void write_journal(const struct make_store *m)
{
	char path[64];
	snprintf(path, sizeof(path), "journal/%020llu.journal", (unsigned long long)m->file.number);
	write_file(m, path, span_of(&m->journal));
}

void make_store_rotate(struct make_store *m, bool as_segment)
{
	if (as_segment) {
		cleanup_buf struct buf out = { 0 };
		char path[64];
		snprintf(path, sizeof(path), "segment/%020llu.segment", (unsigned long long)m->file.number);
		put_segment(m, &out);
		write_file(m, path, span_of(&out));
	} else {
		write_journal(m);
	}
	begin_journal(m, m->file.number + 1);
}

static void write_tile(const struct make_store *m, int level, uint64_t index, unsigned width,
                       struct span content)
{
	char path[TILE_PATH_MAX], file[TILE_PATH_MAX + 8];
	tile_path(level, index, width, path);
	snprintf(file, sizeof(file), "fleet/%s", path);
	write_file(m, file, content);
}

static void write_bundles(const struct make_store *m)
{
	struct cursor c;
	cursor_init(&c, m->entries.data, m->entries.len);
	for (uint64_t n = 0; n * TILE_WIDTH < m->leaf_count; n++) {
		const uint8_t *start = c.at;
		unsigned width = (unsigned)MIN((uint64_t)TILE_WIDTH, m->leaf_count - n * TILE_WIDTH);
		struct span entry;
		for (unsigned i = 0; i < width; i++)
			need(tile_next_bundle_entry(&c, &entry), "bundle");
		write_tile(m, TILE_ENTRIES, n, width, (struct span){ start, (size_t)(c.at - start) });
	}
}

static void write_hash_tiles(const struct make_store *m)
{
	size_t count = m->leaf_count;
	cleanup_free struct hash *h = calloc(count + 1, sizeof(*h));
	need(h, "tiles");
	memcpy(h, m->leaf, count * sizeof(*h));
	for (int level = 0; count > 0; level++) {
		for (size_t n = 0; n * TILE_WIDTH < count; n++) {
			unsigned width = (unsigned)MIN((size_t)TILE_WIDTH, count - n * TILE_WIDTH);
			struct span content = { h[n * TILE_WIDTH].b, width * sizeof(*h) };
			write_tile(m, level, n, width, content);
			if (width == TILE_WIDTH) {
				struct hash root;
				merkle_root(h + n * TILE_WIDTH, TILE_WIDTH, &root);
				h[n] = root;
			}
		}
		count /= TILE_WIDTH;
	}
}

void make_store_publish(struct make_store *m)
{
	write_journal(m);
	write_bundles(m);
	write_hash_tiles(m);
	write_file(m, "fleet/checkpoint", span_of(&m->note));
}
