#include "verify/spool.h"

#include "evidence/fleet.h"
#include "verify/spool_notes.h"
#include "verify/window.h"

#define BASE_MAX_BYTES 8192
/* The sealer frees receipted batches: so often is the folder read again before a missing file counts. */
#define TRIES 5

/* One reading of the folder. */
struct reading {
	const struct verify_options *options;
	struct genesis genesis;
	struct findings findings;
	struct hosts hosts;
	struct log_host *host;
	struct spool_base base;
	struct buf receipt_bytes, receipt_entry;
	bool has_receipt;
	struct receipt receipt;
	uint64_t behind_receipt; /* batches after the one that the receipt is for */
	bool receipt_met;        /* its head is that of a batch here */
	bool vouched;            /* receipt or identity signature covers what is before this point */
	uint64_t adopted;        /* count of the first batch, when only that vouching makes it good */
	struct witnessed witnessed;
	uint64_t files, bytes;
};

static void reading_done(struct reading *d)
{
	hosts_done(&d->hosts);
	findings_done(&d->findings);
	buf_done(&d->receipt_bytes);
	buf_done(&d->receipt_entry);
}

static void say(struct reading *d, enum verdict v, const char *file, const char *why)
{
	host_find(&d->hosts, d->host, v, &(struct place){ .file = file }, "%s", why);
}

/* 1: read. 0: not there, or nothing that can be read (then *ret is empty). */
static int read_part(const struct reading *d, const char *name, size_t max_bytes, struct buf *ret)
{
	int r = window_read_file(d->options->dirfd, name, max_bytes, ret);
	if (r == -ENOENT || r == -ELOOP || r == -EINVAL || r == -EFBIG || r == -ENODATA || r == -ENXIO)
		return 0;
	return r < 0 ? r : 1;
}

static int check_genesis(struct reading *d)
{
	cleanup_buf struct buf bytes = { 0 };
	int r = read_part(d, "genesis", NOTE_MAX_BYTES, &bytes);
	if (r < 0)
		return r;
	if (!span_equal(buf_span(&bytes), d->options->anchor))
		say(d, r ? VERDICT_ALTERED : VERDICT_MISSING, "genesis",
		    "not the genesis statement that was given as anchor");
	return 0;
}

static int check_enrolment(struct reading *d)
{
	cleanup_buf struct buf bytes = { 0 };
	struct statement e;
	int r = read_part(d, "enrol", NOTE_MAX_BYTES, &bytes);
	if (r < 0)
		return r;
	if (r == 0) {
		say(d, VERDICT_MISSING, "enrol",
		    "the enrolment statement is not there: no batch can be checked");
		return 0;
	}
	if (enrolment_parse(buf_span(&bytes), &d->genesis, &e) < 0) {
		say(d, VERDICT_WRONGLY_SEALED, "enrol", "not an enrolment that the fleet's people signed");
		return 0;
	}
	r = hosts_enrol(&d->hosts, &e);
	d->host = hosts_find(&d->hosts, e.host);
	return r;
}

static int read_base(struct reading *d)
{
	cleanup_buf struct buf bytes = { 0 };
	int r = read_part(d, "base", BASE_MAX_BYTES, &bytes);
	if (r < 0)
		return r;
	if (r == 0) {
		say(d, VERDICT_MISSING, "base", "the spool does not say where it begins");
		return 0;
	}
	if (spool_base_parse(buf_span(&bytes), &d->base) < 0)
		say(d, VERDICT_ALTERED, "base", "malformed");
	else if (d->host && strcmp(d->base.origin.host, d->host->label) != 0)
		say(d, VERDICT_ALTERED, "base", "of another host than the enrolment");
	return 0;
}

static int read_receipt(struct reading *d)
{
	int r = read_part(d, "receipt", RECEIPT_MAX_BYTES, &d->receipt_bytes);
	if (r <= 0)
		return r;
	r = receipt_parse(buf_span(&d->receipt_bytes), &d->receipt_entry, &d->receipt);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		say(d, VERDICT_ALTERED, "receipt", "malformed");
		return 0;
	}
	/* The fleet head that the host held before is not in the spool, so only the proof of consistency with
	 * it is left out. */
	struct receipt alone = d->receipt;
	struct fleet_head none = { 0 }, head;
	alone.old_size = 0;
	alone.consistency_len = 0;
	struct succession log;
	enum receipt_verdict v = succession_follow(&d->genesis, alone.log_keys, &log) < 0
	                                 ? RECEIPT_BAD_NOTE
	                                 : receipt_check_by(&alone, &log, &none, &head);
	if (v == RECEIPT_BAD_NOTE)
		say(d, VERDICT_WRONGLY_SEALED, "receipt", receipt_verdict_name(v));
	else if (v != RECEIPT_OK)
		say(d, VERDICT_ALTERED, "receipt", receipt_verdict_name(v));
	d->has_receipt = v == RECEIPT_OK;
	if (d->has_receipt && d->options->views)
		views_trust(d->options->views, &log.log);
	if (d->has_receipt && d->options->views)
		return views_add_note(d->options->views, d->options->input, d->receipt.note, &head);
	return 0;
}

static bool at_base(const struct reading *d, const struct batch *b)
{
	return b->origin.epoch == d->base.origin.epoch && b->first == d->base.tree.size && b->first > 0;
}

/* Hash the batch into the tree. -EBADMSG: it does not unpack, or not to the root that was signed. */
static int hash_batch(const struct batch *b, struct frontier *tree, struct buf *raw)
{
	cleanup_salter struct salter *salter = NULL;
	struct hash root;
	int r = salter_new(&salter);
	if (r == 0)
		r = batch_unpack(b, raw);
	if (r == 0)
		r = batch_hash(b, buf_span(raw), salter, tree);
	if (r < 0)
		return r;
	frontier_root(tree, &root);
	return hash_equal(&root, &b->head.root) ? 0 : -EBADMSG;
}

/* The seal entry at the end of raw entries; it points into them. */
static int find_seal(const struct batch *b, struct span raw, struct seal *ret)
{
	struct cursor c;
	struct span body = { 0 };
	struct entry entry;
	cursor_init(&c, raw.data, raw.len);
	while (batch_next_body(&c, &body))
		;
	if (entry_parse_body(body, &entry) < 0 || seal_parse(&entry, ret) < 0)
		return -EBADMSG;
	return ret->first == b->first && ret->count == b->count ? 0 : -EBADMSG;
}

static int start_chain(struct reading *d, const struct batch *b, struct log_epoch *e, const struct seal *seal,
                       const struct frontier *tree)
{
	struct log_host *host = d->host;
	e->chain = malloc(sizeof(*e->chain));
	if (!e->chain)
		return -ENOMEM;
	chain_init(e->chain, &b->origin, &host->stand[host->stand_len - 1].standing.identity);
	e->chain->tree = *tree;
	e->chain->next_key = seal->next_key;
	e->chain->account = seal->account;
	e->chain->declared_lost = seal->account.lost;
	e->has_posture = seal->has_posture;
	e->posture = seal->posture;
	memcpy(host->boot_id, seal->boot_id, sizeof(seal->boot_id));
	host->first_wall_us = host->last_wall_us = seal->clock.wall_us;
	host->entries += b->count;
	host->batches++;
	return 0;
}

/* Root and seal of the first batch, whose seal key nobody here has named; the chain goes on behind it. */
static int adopt(struct reading *d, const struct place *at, const struct batch *b, struct log_epoch *e)
{
	cleanup_buf struct buf raw = { 0 };
	struct frontier tree = d->base.tree;
	struct seal seal;
	d->adopted = b->count;
	e->next_first = b->first + b->count;
	int r = hash_batch(b, &tree, &raw);
	if (r < 0 && r != -EBADMSG)
		return r;
	if (r == 0 && find_seal(b, buf_span(&raw), &seal) == 0)
		return start_chain(d, b, e, &seal, &tree);
	e->stuck = true;
	if (r < 0)
		host_find(&d->hosts, d->host, VERDICT_ALTERED, at,
		          "base and batch do not make the signed root");
	else
		host_find(&d->hosts, d->host, VERDICT_MALFORMED, at,
		          "the batch does not end in a seal entry that fits");
	return 0;
}

static void compare_receipt(struct reading *d, const struct place *at, const struct batch *b)
{
	d->behind_receipt++;
	if (!d->has_receipt || !span_equal(d->receipt.origin, b->origin_text) ||
	    d->receipt.size != b->head.size)
		return;
	d->receipt_met = true;
	d->behind_receipt = 0;
	if (hash_equal(&d->receipt.root, &b->head.root))
		d->vouched = true;
	else
		host_find(&d->hosts, d->host, VERDICT_FORKED, at,
		          "the receipt is for another history of this size");
}

static int check_batch(struct reading *d, const struct spool_file *file, const char *name, struct span bytes)
{
	struct place at = { .file = name };
	char origin[ORIGIN_MAX + 1];
	struct batch b;
	ssize_t n = batch_parse(bytes, &b);
	bool fits =
	        n > 0 && (size_t)n == bytes.len && b.origin.epoch == file->epoch && b.first == file->first;
	if (!fits || strcmp(b.origin.host, d->host->label) != 0 ||
	    strcmp(b.origin.fleet, d->genesis.fleet) != 0) {
		host_find(&d->hosts, d->host, VERDICT_ALTERED, &at,
		          "not the batch that the file's name promises");
		return 0;
	}
	origin_format(&b.origin, origin);
	at = (struct place){ .file = name,
		             .origin = origin,
		             .has_index = true,
		             .first = b.first,
		             .last = b.first + b.count - 1 };
	struct log_epoch *e;
	int r = host_epoch(d->host, &b.origin, &e);
	if (r < 0)
		return r == -E2BIG ? 0 : r;
	if (at_base(d, &b) && !e->chain) {
		r = adopt(d, &at, &b, e);
	} else {
		if (b.origin.epoch == d->base.origin.epoch && !e->chain && !e->stuck)
			e->next_first = d->base.tree.size;
		r = hosts_batch(&d->hosts, &(struct place){ .file = name }, bytes, 0);
	}
	const struct key *identity = &d->host->stand[d->host->stand_len - 1].standing.identity;
	if (note_signed_by(&b.note, 1, identity) || note_signed_by(&b.note, 2, identity))
		d->vouched = true;
	compare_receipt(d, &at, &b);
	return r;
}

static int check_file(struct reading *d, const struct spool_file *file)
{
	char name[SPOOL_FILE_NAME_MAX];
	cleanup_buf struct buf bytes = { 0 };
	struct origin *base = &d->base.origin;
	if (file->epoch < base->epoch || (file->epoch == base->epoch && file->first < d->base.tree.size))
		return 0; /* leftovers that the sealer has not deleted yet */
	spool_file_name(file, name);
	int r = window_read_file(d->options->dirfd, name, BATCH_MAX_BYTES, &bytes);
	if (r == -EFBIG || r == -ELOOP || r == -EINVAL) {
		say(d, VERDICT_ALTERED, name, "not a batch");
		return 0;
	}
	if (r < 0)
		return r;
	d->files++;
	d->bytes += bytes.len;
	if (d->options->progress)
		d->options->progress(d->options->progress_ctx, d->bytes);
	return d->host ? check_batch(d, file, name, buf_span(&bytes)) : 0;
}

static void check_receipt_end(struct reading *d)
{
	if (d->has_receipt && !d->receipt_met)
		say(d, VERDICT_TRUNCATED, "receipt",
		    "no batch here ends at the head that the receipt is for");
	if (d->adopted && !d->vouched)
		say(d, VERDICT_WRONGLY_SEALED, "base",
		    "nothing vouches for the first batch: no receipt and no identity signature covers it");
}

static int read_all(struct reading *d)
{
	cleanup_spool_listing struct spool_listing l = { 0 };
	/* Receipt and base before the list: both may only move on. */
	int r = check_genesis(d);
	if (r == 0)
		r = check_enrolment(d);
	if (r == 0)
		r = read_receipt(d);
	if (r == 0)
		r = read_base(d);
	if (r == 0)
		r = spool_notes_check(d->options, &d->hosts, d->host, &d->witnessed);
	if (r == 0)
		r = spool_listing_read(d->options->dirfd, &d->findings, &l);
	for (size_t i = 0; r == 0 && i < l.len; i++)
		r = check_file(d, &l.file[i]);
	if (r < 0)
		return r;
	check_receipt_end(d);
	return hosts_finish(&d->hosts);
}

/* False when the sealer has moved the base on while we read. */
static bool base_unmoved(const struct reading *d)
{
	cleanup_buf struct buf bytes = { 0 };
	struct spool_base now;
	if (window_read_file(d->options->dirfd, "base", BASE_MAX_BYTES, &bytes) < 0 ||
	    spool_base_parse(buf_span(&bytes), &now) < 0)
		return true;
	return now.origin.epoch == d->base.origin.epoch && now.tree.size == d->base.tree.size;
}

static int fill_report(struct reading *d, struct report *ret)
{
	struct report report = { .spool = true,
		                 .structure = d->options->structure,
		                 .witnessed = d->witnessed,
		                 .unwitnessed = !d->witnessed.quorum,
		                 .files = d->files,
		                 .bytes = d->bytes };
	int r = report_take_hosts(&report, &d->hosts, NULL);
	if (r < 0)
		return r;
	memcpy(report.fleet, d->genesis.fleet, sizeof(report.fleet));
	report.unreceipted_batches = d->behind_receipt;
	report.receipted_size = d->has_receipt ? d->receipt.size : 0;
	report.findings = d->findings;
	d->findings = (struct findings){ 0 };
	*ret = report;
	return 0;
}

static int read_once(const struct verify_options *o, bool final, struct report *ret)
{
	cleanup(reading_done) struct reading d = { .options = o };
	int r = genesis_parse(o->anchor, &d.genesis);
	if (r < 0)
		return r == -ENOMEM ? r : -EKEYREJECTED;
	r = hosts_init(&d.hosts, &d.genesis, &d.findings, NULL, o->only);
	if (r < 0)
		return r;
	d.hosts.spool = true;
	d.hosts.structure = o->structure;
	d.hosts.views = o->views;
	d.hosts.input = o->input;
	r = read_all(&d);
	if (r == 0 && !final && !base_unmoved(&d))
		return -EAGAIN;
	return r < 0 ? r : fill_report(&d, ret);
}

int verify_spool(const struct verify_options *o, struct report *ret)
{
	for (int i = 1; i < TRIES; i++) {
		int r = read_once(o, false, ret);
		if (r != -EAGAIN && r != -ENOENT)
			return r;
	}
	return read_once(o, true, ret);
}
