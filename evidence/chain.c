#include "evidence/chain.h"

#include "lib/cbor.h"

const char *chain_verdict_name(enum chain_verdict v)
{
	static const char *const names[] = {
		[CHAIN_OK] = "ok",
		[CHAIN_WRONG_FIRST] = "does not begin where the log ends",
		[CHAIN_UNPACK] = "does not unpack to what its header says",
		[CHAIN_WRONG_ROOT] = "entries do not hash to the signed root",
		[CHAIN_WRONG_SEAL] = "not signed by the seal key that was named for it",
		[CHAIN_WRONG_IDENTITY] = "identity signature missing, wrong, or followed by others",
		[CHAIN_NO_SEAL_ENTRY] = "does not end in a seal entry that fits",
		[CHAIN_NO_EPOCH_ENTRY] = "does not begin with an epoch entry that fits",
		[CHAIN_BAD_BODY] = "an entry's body is malformed or out of place",
		[CHAIN_BAD_REFERENCE] = "an entry refers to an index that is not before it",
		[CHAIN_BAD_ACCOUNT] = "the counts in the seal do not add up",
	};
	return (size_t)v < ARRAY_SIZE(names) ? names[v] : "unknown verdict";
}

void chain_init(struct chain *c, const struct origin *o, const struct key *identity)
{
	*c = (struct chain){ .origin = *o, .identity = *identity };
}

struct chain_scratch {
	struct salter *salter;
	struct buf raw;
};

void chain_scratch_free(struct chain_scratch *s)
{
	if (!s)
		return;
	salter_free(s->salter);
	buf_done(&s->raw);
	free(s);
}

void chain_scratch_freep(struct chain_scratch **s)
{
	chain_scratch_free(*s);
}

int chain_scratch_new(struct chain_scratch **ret)
{
	cleanup_chain_scratch struct chain_scratch *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	int r = salter_new(&s->salter);
	if (r == 0)
		*ret = TAKE_PTR(s);
	return r;
}

/* One check under way: `next` is what the chain becomes if all is well. */
struct check {
	const struct batch *batch;
	enum chain_depth depth;
	struct chain next;
	struct chain_result result;
	bool has_seal;
	uint64_t stored; /* events in this batch */
};

static int first_and_last(struct span raw, struct span *ret_first, struct span *ret_last)
{
	struct cursor c;
	cursor_init(&c, raw.data, raw.len);
	if (!batch_next_body(&c, ret_first))
		return -EBADMSG;
	*ret_last = *ret_first;
	while (batch_next_body(&c, ret_last))
		;
	return c.err;
}

static enum chain_verdict check_epoch(struct check *k, struct span body)
{
	struct entry e;
	struct epoch_start s;
	if (entry_parse_body(body, &e) < 0 || epoch_parse(&e, &s) < 0 || s.epoch != k->next.origin.epoch)
		return CHAIN_NO_EPOCH_ENTRY;
	k->next.next_key = s.first_key;
	k->result.epoch = s;
	k->result.has_epoch = true;
	return CHAIN_OK;
}

static enum chain_verdict check_seal(struct check *k, struct span body)
{
	struct entry e;
	if (entry_parse_body(body, &e) < 0 || seal_parse(&e, &k->result.seal) < 0)
		return CHAIN_NO_SEAL_ENTRY;
	if (k->result.seal.first != k->batch->first || k->result.seal.count != k->batch->count)
		return CHAIN_NO_SEAL_ENTRY;
	return CHAIN_OK;
}

/* Two while a new key is announced: one of them is by the key in force, whatever the other is. */
bool host_lines_ok(const struct note *note, const struct key *identity, bool *ret_vouched)
{
	size_t lines = note_signature_count(note), own = 0;
	for (size_t i = 1; i < lines; i++) {
		struct note_signature s;
		if (i > 2 || !note_signature(note, i, &s) || !span_is(s.name, identity->name))
			return false;
		own += note_signed_by(note, i, identity) ? 1 : 0;
	}
	*ret_vouched = own == 1;
	return true;
}

static enum chain_verdict check_identity(struct check *k, const struct key *identity, bool due)
{
	const struct note *note = &k->batch->note;
	if (!host_lines_ok(note, identity, &k->result.vouched))
		return CHAIN_WRONG_IDENTITY;
	bool wanted = due || note_signature_count(note) > 1;
	return wanted && !k->result.vouched ? CHAIN_WRONG_IDENTITY : CHAIN_OK;
}

/* The seal key's line first. */
static enum chain_verdict check_signatures(struct check *k, const struct chain *before)
{
	char name[KEY_NAME_MAX + 1];
	struct key seal_key;
	origin_seal_name(&before->origin, name);
	if (key_make(name, KEY_TYPE_ED25519, &k->next.next_key, &seal_key) < 0 ||
	    !note_signed_by(&k->batch->note, 0, &seal_key))
		return CHAIN_WRONG_SEAL;
	return check_identity(k, &before->identity, before->tree.size == 0);
}

static bool is_reference(uint64_t kind, uint64_t key)
{
	if (entry_kind_aims(kind))
		return key == SYSTEM_TARGET;
	return key == PROCESS_PARENT || key == PROCESS_PREVIOUS;
}

static bool reference_ok(uint64_t kind, struct cursor c, uint64_t index)
{
	int64_t prev = -1;
	for (size_t n = cbor_map(&c); n > 0 && !c.err; n--) {
		uint64_t key = cbor_key(&c, &prev);
		if (!is_reference(kind, key)) {
			cbor_skip(&c);
			continue;
		}
		if (cbor_peek(&c) != CBOR_UINT || cbor_uint(&c) >= index)
			return false;
	}
	return !c.err;
}

static bool references_ok(const struct entry *e, uint64_t index)
{
	if (e->process != ENTRY_NO_PROCESS && e->process >= index)
		return false;
	if (e->kind != KIND_PROCESS && e->kind != KIND_EXEC && !entry_kind_aims(e->kind))
		return true;
	struct cursor c;
	cursor_init(&c, e->fields.data, e->fields.len);
	return reference_ok(e->kind, c, index);
}

static enum chain_verdict check_loss(struct check *k, const struct entry *e)
{
	struct loss l;
	if (loss_parse(e, &l) < 0)
		return CHAIN_BAD_BODY;
	if (l.has_count && (l.exactness == EXACT || l.exactness == LOWER_BOUND) &&
	    __builtin_add_overflow(k->next.declared_lost, l.count, &k->next.declared_lost))
		return CHAIN_BAD_ACCOUNT;
	k->next.declared_exactness = MAX(k->next.declared_exactness, l.exactness);
	return CHAIN_OK;
}

static enum chain_verdict check_entry(struct check *k, struct span body, uint64_t index)
{
	struct entry e;
	if (entry_parse_body(body, &e) < 0)
		return CHAIN_BAD_BODY;
	bool last = index == k->batch->first + k->batch->count - 1;
	if ((e.kind == KIND_SEAL) != last || (e.kind == KIND_EPOCH) != (index == 0))
		return CHAIN_BAD_BODY;
	bool own = e.kind < ENTRY_FIRST_EVENT_KIND;
	if (own && e.process != ENTRY_NO_PROCESS)
		return CHAIN_BAD_BODY;
	if (!references_ok(&e, index))
		return CHAIN_BAD_REFERENCE;
	k->stored += own ? 0 : 1;
	return e.kind == KIND_LOSS ? check_loss(k, &e) : CHAIN_OK;
}

static bool account_ok(const struct check *k)
{
	const struct account *was = &k->next.account, *is = &k->result.seal.account;
	uint64_t sum;
	if (__builtin_add_overflow(is->stored, is->filtered, &sum) ||
	    __builtin_add_overflow(sum, is->lost, &sum))
		return false;
	return sum == is->emitted && is->stored == was->stored + k->stored && is->filtered >= was->filtered &&
	       is->lost >= was->lost && is->exactness == k->next.declared_exactness &&
	       is->lost == k->next.declared_lost;
}

static enum chain_verdict check_deep(struct check *k)
{
	struct cursor c;
	cursor_init(&c, k->result.raw.data, k->result.raw.len);
	struct span body;
	uint64_t index = k->batch->first;
	while (batch_next_body(&c, &body)) {
		enum chain_verdict v = check_entry(k, body, index);
		if (v != CHAIN_OK) {
			k->result.bad_index = index;
			return v;
		}
		index++;
	}
	k->result.bad_index = index - 1;
	return account_ok(k) ? CHAIN_OK : CHAIN_BAD_ACCOUNT;
}

/* Cheap and decisive checks first: a stranger's batch must not cost more than its hash. */
static enum chain_verdict check_content(struct check *k, const struct chain *before)
{
	struct span first, last;
	if (first_and_last(k->result.raw, &first, &last) < 0)
		return CHAIN_UNPACK;
	enum chain_verdict v = CHAIN_OK;
	if (before->tree.size == 0)
		v = check_epoch(k, first);
	if (v == CHAIN_OK)
		v = check_seal(k, last);
	if (v == CHAIN_OK)
		v = check_signatures(k, before);
	if (v == CHAIN_OK && k->depth == CHAIN_DEEP)
		v = check_deep(k);
	return v;
}

static int check_batch(struct check *k, const struct chain *before, struct chain_scratch *scratch,
                       enum chain_verdict *ret)
{
	const struct batch *b = k->batch;
	if (b->first != before->tree.size) {
		*ret = CHAIN_WRONG_FIRST;
		return 0;
	}
	buf_reset(&scratch->raw);
	int r = batch_unpack(b, &scratch->raw);
	k->result.raw = (struct span){ scratch->raw.data, scratch->raw.len };
	if (r == 0)
		r = batch_hash(b, k->result.raw, scratch->salter, &k->next.tree);
	if (r == -EBADMSG) {
		*ret = CHAIN_UNPACK;
		return 0;
	}
	if (r < 0)
		return r;
	struct hash root;
	frontier_root(&k->next.tree, &root);
	*ret = hash_equal(&root, &b->head.root) ? check_content(k, before) : CHAIN_WRONG_ROOT;
	return 0;
}

int chain_check(struct chain *c, const struct batch *b, enum chain_depth depth, struct chain_scratch *scratch,
                enum chain_verdict *ret_verdict, struct chain_result *ret)
{
	struct check k = { .batch = b, .depth = depth, .next = *c };
	int r = check_batch(&k, c, scratch, ret_verdict);
	if (r < 0)
		return r;
	*ret = k.result;
	if (*ret_verdict != CHAIN_OK)
		return 0;
	k.next.next_key = k.result.seal.next_key;
	k.next.account = k.result.seal.account;
	*c = k.next;
	return 0;
}
