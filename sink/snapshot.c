#include "sink/snapshot.h"

#include <stdio.h>

#include "sink/snapshot_roll.h"

#define HOST_FIELDS       10
#define COMMITMENT_FIELDS 5

static void put_hashes(struct buf *b, const struct hash *h, size_t n)
{
	cbor_put_array(b, n);
	for (size_t i = 0; i < n; i++)
		cbor_put_bytes(b, h[i].b, sizeof(h[i].b));
}

static void put_frontier(struct buf *b, const struct frontier *f)
{
	cbor_put_uint(b, f->size);
	put_hashes(b, f->node, frontier_count(f));
}

static void put_commitment(struct buf *b, const struct commitment *c)
{
	if (c->entry_len == 0) {
		cbor_put_null(b);
		return;
	}
	cbor_put_array(b, COMMITMENT_FIELDS);
	cbor_put_uint(b, c->index);
	cbor_put_bytes(b, c->entry, c->entry_len);
	cbor_put_uint(b, c->position);
	cbor_put_uint(b, c->heads);
	put_hashes(b, c->path, c->path_len);
}

static void put_host(struct buf *b, const struct host *h)
{
	cleanup_buf struct buf vkey = { 0 };
	key_put(&vkey, &h->standing.identity);
	cbor_put_array(b, HOST_FIELDS);
	cbor_put_bytes(b, h->name, strlen(h->name));
	cbor_put_bytes(b, vkey.data, vkey.len);
	cbor_put_bytes(b, h->standing.certificate.b, sizeof(h->standing.certificate.b));
	cbor_put_uint(b, h->head.epoch);
	put_frontier(b, &h->chain.tree);
	cbor_put_bytes(b, h->chain.next_key.b, sizeof(h->chain.next_key.b));
	cbor_put_bytes(b, h->note.data, h->note.len);
	put_commitment(b, &h->commitment);
	snapshot_put_standing(b, &h->standing);
}

void snapshot_put(struct buf *b, const struct snapshot *s, const struct hosts *hosts, const struct roll *roll)
{
	cbor_put_array(b, 5);
	put_frontier(b, &s->fleet);
	cbor_put_bytes(b, s->note.data, s->note.len);
	cbor_put_array(b, hosts->count);
	for (size_t i = 0; i < hosts->count; i++)
		put_host(b, hosts->row[i]);
	snapshot_put_roll(b, roll);
}

static size_t get_hashes(struct cursor *c, struct hash *out, size_t max)
{
	size_t n = cbor_array(c);
	if (n > max)
		cursor_fail(c);
	for (size_t i = 0; i < n && !c->err; i++)
		snapshot_get_fixed(c, out[i].b, sizeof(out[i].b));
	return c->err ? 0 : n;
}

static void get_frontier(struct cursor *c, struct frontier *ret)
{
	ret->size = cbor_uint(c);
	if (ret->size > INT64_MAX || get_hashes(c, ret->node, ARRAY_SIZE(ret->node)) != frontier_count(ret))
		cursor_fail(c);
}

static void get_commitment(struct cursor *c, struct commitment *ret)
{
	if (cbor_null(c))
		return;
	if (cbor_array(c) != COMMITMENT_FIELDS)
		cursor_fail(c);
	ret->index = cbor_uint(c);
	struct span entry = cbor_bytes(c);
	ret->position = cbor_uint(c);
	ret->heads = cbor_uint(c);
	ret->path_len = get_hashes(c, ret->path, ARRAY_SIZE(ret->path));
	if (c->err || entry.len == 0 || entry.len > sizeof(ret->entry)) {
		cursor_fail(c);
		return;
	}
	memcpy(ret->entry, entry.data, entry.len);
	ret->entry_len = entry.len;
}

/* Name, identity and certificate. */
static int get_identity(struct cursor *c, const char *fleet, struct hosts *hosts, struct host **ret)
{
	struct host *h;
	struct span name = cbor_bytes(c), vkey = cbor_bytes(c);
	if (c->err || !label_ok(name))
		return -EBADMSG;
	int r = hosts_append(hosts, name, &h);
	if (r < 0)
		return r;
	struct origin o = { .epoch = 1 };
	char expected[KEY_NAME_MAX + 1];
	snprintf(o.fleet, sizeof(o.fleet), "%s", fleet);
	memcpy(o.host, h->name, sizeof(o.host));
	origin_identity_name(&o, expected);
	if (key_parse(vkey, &h->standing.identity) < 0 || strcmp(h->standing.identity.name, expected) != 0)
		return -EBADMSG;
	snapshot_get_fixed(c, h->standing.certificate.b, sizeof(h->standing.certificate.b));
	*ret = h;
	return 0;
}

static int get_host(struct cursor *c, const char *fleet, struct hosts *hosts)
{
	struct host *h;
	if (cbor_array(c) != HOST_FIELDS)
		cursor_fail(c);
	int r = get_identity(c, fleet, hosts, &h);
	if (r < 0)
		return r;
	struct origin o = { 0 };
	snprintf(o.fleet, sizeof(o.fleet), "%s", fleet);
	memcpy(o.host, h->name, sizeof(o.host));
	uint64_t epoch = cbor_uint(c);
	if (epoch > UINT32_MAX)
		cursor_fail(c);
	o.epoch = (uint32_t)epoch;
	chain_init(&h->chain, &o, &h->standing.identity);
	get_frontier(c, &h->chain.tree);
	snapshot_get_fixed(c, h->chain.next_key.b, sizeof(h->chain.next_key.b));
	struct span note = cbor_bytes(c);
	get_commitment(c, &h->commitment);
	snapshot_get_standing(c, &h->standing);
	bool begun = o.epoch > 0;
	if (c->err || begun != (h->chain.tree.size > 0) || begun != (note.len > 0) ||
	    begun != (h->commitment.entry_len > 0))
		return -EBADMSG;
	h->head = (struct host_head){ .epoch = o.epoch, .size = h->chain.tree.size };
	if (begun)
		frontier_root(&h->chain.tree, &h->head.root);
	h->presence = begun ? PRESENCE_HEARD : PRESENCE_UNKNOWN;
	buf_put(&h->note, note.data, note.len);
	return buf_err(&h->note);
}

int snapshot_parse(struct span bytes, struct snapshot *ret, struct hosts *hosts, struct roll *roll)
{
	struct cursor c;
	struct snapshot s = { 0 };
	cursor_init(&c, bytes.data, bytes.len);
	if (cbor_array(&c) != 5)
		return -EBADMSG;
	get_frontier(&c, &s.fleet);
	s.note = cbor_bytes(&c);
	size_t n = cbor_array(&c);
	for (size_t i = 0; i < n && !c.err; i++) {
		int r = get_host(&c, roll->genesis->fleet, hosts);
		if (r < 0)
			return r;
	}
	int r = snapshot_get_roll(&c, roll);
	if (r < 0)
		return r;
	if (cursor_finish(&c) < 0)
		return -EBADMSG;
	*ret = s;
	return 0;
}
