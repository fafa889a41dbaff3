#include "sealer/host_log_state.h"

#include <stdio.h>

#include "sealer/epoch_file.h"

static int put_epoch_body(struct host_log *l, const struct epoch_start *start)
{
	buf_reset(&l->epoch_body);
	epoch_put_body(&l->epoch_body, start, 0);
	return buf_err(&l->epoch_body);
}

/* The old keys go first: whatever is interrupted after that, the old epoch can't be continued. */
static int begin_epoch(struct host_log *l, struct epoch_start *start)
{
	struct slot first = { .generation = 1, .epoch = (uint32_t)start->epoch };
	if (start->epoch > UINT32_MAX)
		return -EOVERFLOW;
	int r = slots_erase(&l->slots, 0);
	if (r == 0)
		r = slots_erase(&l->slots, 1);
	if (r == 0)
		r = ed25519_generate(host_log_env(l), &first.secret);
	start->first_key = first.secret.public_key;
	start->fleet_vkey = span_str(l->options.fleet_vkey);
	start->certificate = l->options.certificate;
	start->has_token = start->cause == EPOCH_ENROLLED && l->options.has_token;
	start->token = l->options.token;
	start->version = span_str(SWORNLOG_VERSION);
	if (r == 0)
		r = put_epoch_body(l, start);
	if (r == 0)
		r = epoch_file_write(host_log_env(l), l->state_fd, first.epoch,
		                     (struct span){ l->epoch_body.data, l->epoch_body.len });
	if (r == 0)
		r = slots_write(&l->slots, &first);
	if (r == 0 && l->spool->count == 0)
		r = spool_set_base(l->spool, first.epoch, &first.tree);
	if (r == 0)
		host_log_adopt(l, &first);
	slot_wipe(&first);
	return r;
}

static void name_predecessor(const struct host_log *l, const struct slot *known, struct epoch_start *start)
{
	const struct spool_batch *b = spool_newest(l->spool);
	if (known && known->generation && known->tree.size > 0) {
		start->predecessor = (struct epoch_head){ .epoch = known->epoch,
			                                  .size = known->tree.size,
			                                  .has_size = true };
		frontier_root(&known->tree, &start->predecessor.root);
	} else if (b) {
		start->predecessor = (struct epoch_head){
			.epoch = b->epoch,
			.size = b->first + b->count,
			.root = b->root,
			.has_size = true,
		};
	} else if (start->epoch > 1) {
		start->predecessor = (struct epoch_head){ .epoch = start->epoch - 1 };
	}
}

int host_log_begin_epoch(struct host_log *l, struct epoch_start *start, const struct slot *known)
{
	name_predecessor(l, known, start);
	return begin_epoch(l, start);
}

/* The unfinished batch holds what the newer slot says came next. */
static bool unfinished_fits(struct span bytes, const struct slot *from, const struct slot *to)
{
	struct batch b;
	size_t offset;
	cleanup_buf struct buf raw = { 0 };
	cleanup_salter struct salter *salter = NULL;
	struct frontier tree = from->tree;
	struct hash want, have;
	if (batch_parse_unsigned(bytes, &b, &offset) < 0 || b.origin.epoch != from->epoch ||
	    b.first != tree.size)
		return false;
	if (salter_new(&salter) < 0 || batch_unpack(&b, &raw) < 0 ||
	    batch_hash(&b, (struct span){ raw.data, raw.len }, salter, &tree) < 0)
		return false;
	frontier_root(&to->tree, &want);
	frontier_root(&tree, &have);
	return tree.size == to->tree.size && hash_equal(&want, &have) && hash_equal(&b.head.root, &have);
}

/* Stopped after the keys were persisted: sign again (the same bytes) if the batch is there, else it was never
 * signed. */
static int recover_two(struct host_log *l, const struct slot *older, const struct slot *newer)
{
	cleanup_buf struct buf bytes = { 0 };
	struct spool_batch row = { 0 };
	host_log_adopt(l, older);
	int r = spool_read_unfinished(l->spool, older->epoch, older->tree.size, &bytes);
	if (r < 0 && r != -ENOENT && r != -EFBIG)
		return r;
	struct span in = { bytes.data, bytes.len };
	if (r == 0 && unfinished_fits(in, older, newer))
		return host_log_finish(l, in, older, newer, &row);
	return slots_erase(&l->slots, newer->generation);
}

struct find_unfinished {
	struct spool_batch row;
	bool found;
};

static int look_at_unfinished(struct host_log *l, const char *name, struct find_unfinished *f)
{
	unsigned epoch;
	unsigned long long first;
	struct batch b;
	struct hash root;
	cleanup_buf struct buf bytes = { 0 };
	if (sscanf(name, "%10u-%20llu.tmp", &epoch, &first) != 2 || epoch != l->now.epoch)
		return 0;
	int r = spool_read_unfinished(l->spool, epoch, first, &bytes);
	if (r < 0)
		return r == -ENOENT || r == -EFBIG ? 0 : r;
	frontier_root(&l->now.tree, &root);
	struct span in = { bytes.data, bytes.len };
	if (batch_parse(in, &b) != (ssize_t)in.len || b.head.size != l->now.tree.size ||
	    !hash_equal(&b.head.root, &root))
		return 0;
	f->row = (struct spool_batch){
		.epoch = epoch, .first = b.first, .count = b.count, .bytes = in.len, .root = root
	};
	f->found = true;
	return 0;
}

/* Stopped after the used key was erased, before the batch had its final name. */
static int recover_one(struct host_log *l, const struct slot *only)
{
	cleanup_free char *names = NULL;
	size_t len;
	struct find_unfinished f = { 0 };
	host_log_adopt(l, only);
	if (only->tree.size == 0 || spool_find_end(l->spool, only->epoch, only->tree.size))
		return 0;
	int r = host_log_env(l)->list(host_log_env(l), l->spool->fd, &names, &len);
	for (size_t at = 0; r == 0 && !f.found && at < len; at += strlen(names + at) + 1)
		r = look_at_unfinished(l, names + at, &f);
	return r == 0 && f.found ? spool_publish(l->spool, &f.row) : r;
}

/* True if the spool knows more of this log than the slots do: the slots are from an older copy of the disk.
 */
static bool rolled_back(const struct host_log *l)
{
	const struct spool_batch *b = spool_newest(l->spool);
	return b && (b->epoch > l->now.epoch ||
	             (b->epoch == l->now.epoch && b->first + b->count > l->now.tree.size));
}

/* An epoch that has no batch yet needs its first entry again, as it was. */
static int restore_epoch_body(struct host_log *l)
{
	uint32_t epoch;
	struct entry e;
	struct epoch_start start;
	buf_reset(&l->epoch_body);
	int r = epoch_file_read(host_log_env(l), l->state_fd, &epoch, &l->epoch_body);
	if (r < 0)
		return r;
	struct span body = { l->epoch_body.data, l->epoch_body.len };
	if (epoch != l->now.epoch || entry_parse_body(body, &e) < 0 || epoch_parse(&e, &start) < 0 ||
	    memcmp(start.first_key.b, l->now.secret.public_key.b, 32) != 0)
		return -EBADMSG;
	return 0;
}

static int begin_after_loss(struct host_log *l, const struct slot *known, enum epoch_cause cause)
{
	uint32_t last = 0;
	cleanup_buf struct buf body = { 0 };
	int r = epoch_file_read(host_log_env(l), l->state_fd, &last, &body);
	if (r < 0 && r != -ENOENT && r != -EBADMSG)
		return r;
	const struct spool_batch *b = spool_newest(l->spool);
	bool unknown = r == -ENOENT && !b && !(known && known->generation);
	last = MAX(last, b ? b->epoch : 0);
	last = MAX(last, known ? known->epoch : 0);
	struct epoch_start start = { .epoch = (uint64_t)last + 1, .cause = unknown ? EPOCH_ENROLLED : cause };
	return host_log_begin_epoch(l, &start, known);
}

int host_log_recover(struct host_log *l)
{
	struct slot slot[2] = { 0 };
	int r = slots_read(&l->slots, slot);
	if (r < 0)
		return r;
	bool two = slot[0].generation != 0;
	bool lost = slot[1].generation == 0 ||
	            (two && (slot[0].generation + 1 != slot[1].generation || slot[0].epoch != slot[1].epoch));
	if (lost)
		r = begin_after_loss(l, NULL, EPOCH_STATE_LOST);
	else if (two)
		r = recover_two(l, &slot[0], &slot[1]);
	else
		r = recover_one(l, &slot[1]);
	if (r == 0 && !lost && rolled_back(l))
		r = begin_after_loss(l, &slot[1], EPOCH_ROLLED_BACK);
	else if (r == 0 && !lost && l->now.tree.size == 0 && restore_epoch_body(l) < 0)
		r = begin_after_loss(l, NULL, EPOCH_STATE_LOST);
	slot_wipe(&slot[0]);
	slot_wipe(&slot[1]);
	return r < 0 ? r : spool_remove_unfinished(l->spool);
}
