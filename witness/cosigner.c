#include "witness/cosigner.h"

#include "evidence/cosignature.h"
#include "evidence/witness.h"
#include "lib/log.h"
#include "lib/text.h"

/* One request on its way through the checks. */
struct asking {
	struct witness_request request;
	struct note note;
	struct checkpoint checkpoint;
	struct key keys[POLICY_MAX_LOGS]; /* those of its origin */
	size_t key_count;
	const struct seen *seen; /* NULL: nothing of this log yet */
};

void cosigner_init(struct cosigner *c, const struct signer *signer, const struct policy *policy,
                   struct store *store)
{
	*c = (struct cosigner){ .signer = signer, .policy = policy, .store = store };
	clock_init(&c->clock, store->env);
}

static bool refuse(struct http_answer *a, unsigned status, const char *sentence)
{
	http_answer_say(a, status, sentence);
	return false;
}

static bool is_well_formed(struct asking *q, struct span body, struct http_answer *a)
{
	if (body.len > WITNESS_MAX_REQUEST)
		return refuse(a, 413, "A request is not as long as this.");
	if (witness_parse_request(body, &q->request) < 0)
		return refuse(a, 400, "The request is malformed.");
	if (note_parse(q->request.note, &q->note) < 0 || checkpoint_parse(q->note.text, &q->checkpoint) < 0)
		return refuse(a, 400, "The checkpoint is malformed.");
	return true;
}

static bool is_signed_by_a_log(const struct cosigner *c, struct asking *q, struct http_answer *a)
{
	const struct policy_log *l;
	uint64_t by;
	for (size_t i = 0; (l = policy_log(c->policy, i)); i++) {
		if (span_is(q->checkpoint.origin, l->key.name))
			q->keys[q->key_count++] = l->key;
	}
	if (q->key_count == 0)
		return refuse(a, 404, "No log of this origin is known here.");
	if (note_verify(&q->note, q->keys, q->key_count, &by) < 0)
		return refuse(a, 403, "The checkpoint is not signed by the log.");
	return true;
}

static bool goes_on_from_here(const struct cosigner *c, struct asking *q, struct http_answer *a)
{
	q->seen = seen_find(&c->store->seen, q->checkpoint.origin);
	uint64_t held = q->seen ? q->seen->checkpoint.size : 0;
	if (q->request.old_size > q->checkpoint.size)
		return refuse(a, 400, "The old size is above the checkpoint's.");
	if (q->request.old_size == held)
		return true;
	a->status = 409;
	a->type = WITNESS_SIZE_TYPE;
	witness_put_size(&a->body, held);
	return false;
}

/* Both notes, with the log's own signatures. Two roots of one size convict it; where the proof alone is bad,
 * whoever sent it may have erred. */
static void keep_evidence(struct cosigner *c, const struct asking *q)
{
	if (!q->seen || hash_equal(&q->checkpoint.root, &q->seen->checkpoint.root))
		return;
	struct span held = { q->seen->note.data, q->seen->note.len };
	const struct checkpoint *p = &q->checkpoint;
	unsigned long long size = p->size, before = q->seen->checkpoint.size;
	bool proof = size == before;
	cleanup_buf struct buf origin = { 0 };
	text_put_escaped(&origin, p->origin);
	int r = store_keep(c->store, held, q->request.note, proof), n = (int)origin.len;
	const char *kept = r < 0 ? "they could not be kept" : "both are kept as inconsistent-*";
	if (r != 0 && proof)
		log_error("ATTACK: the log %.*s has signed two checkpoints of size %llu: %s", n,
		          (const char *)origin.data, size, kept);
	else if (r != 0)
		log_warning("the checkpoint of size %llu of log %.*s was shown without proof that it "
		            "continues the one of size %llu: %s",
		            size, n, (const char *)origin.data, before, kept);
}

/* Of what nothing was seen, the empty log was. */
static bool is_consistent(struct cosigner *c, const struct asking *q, struct http_answer *a)
{
	struct hash old;
	sha256(NULL, 0, &old);
	if (q->seen)
		old = q->seen->checkpoint.root;
	const struct witness_request *r = &q->request;
	if (merkle_check_consistency(r->old_size, &old, q->checkpoint.size, &q->checkpoint.root, r->proof,
	                             r->proof_len))
		return true;
	keep_evidence(c, q);
	return refuse(a, 422, "The checkpoint is not proven to continue the one that was cosigned.");
}

/* Said once when it begins, and when it is over. */
static void tell(struct cosigner *c, const char *words)
{
	if (words && !c->failing)
		log_error("nothing is cosigned: %s", words);
	else if (!words && c->failing)
		log_info("checkpoints are cosigned again");
	c->failing = words != NULL;
}

/* The text and the lines of the log's own keys: what else the note carried is somebody else's business. */
static int put_kept(struct buf *b, const struct asking *q)
{
	struct cursor c;
	cursor_init(&c, q->note.signatures.data, q->note.signatures.len);
	buf_put(b, q->note.text.data, q->note.text.len);
	buf_put_u8(b, '\n');
	for (size_t i = 0; cursor_left(&c) > 0; i++) {
		struct span line = cursor_line(&c);
		for (size_t k = 0; k < q->key_count; k++) {
			if (!note_signed_by(&q->note, i, &q->keys[k]))
				continue;
			buf_put(b, line.data, line.len);
			buf_put_u8(b, '\n');
		}
	}
	return buf_err(b);
}

static int store(struct cosigner *c, const struct asking *q, uint64_t time_s)
{
	cleanup_buf struct buf note = { 0 };
	cleanup(seen_done) struct seen newer = { 0 };
	int r = put_kept(&note, q);
	if (r == 0)
		r = seen_init(&newer, (struct span){ note.data, note.len }, time_s);
	return r < 0 ? r : store_replace(c->store, &newer);
}

/* The same checkpoint in the same second: the cosignature is the one that is stored, and no disk is worn by
 * who asks again and again. */
static bool is_stored_already(const struct asking *q, uint64_t time_s)
{
	return q->seen && q->seen->time_s == time_s && q->seen->checkpoint.size == q->checkpoint.size;
}

/* Stored, then signed: what leaves here is on the disk. */
static bool is_stored(struct cosigner *c, const struct asking *q, uint64_t *ret_time_s, struct http_answer *a)
{
	const char *words;
	int r = clock_now(&c->clock, seen_newest_s(&c->store->seen), ret_time_s, &words);
	if (r < 0) {
		tell(c, words);
		return refuse(a, 503, "The witness's clock can't be trusted now.");
	}
	if (is_stored_already(q, *ret_time_s))
		return true;
	r = store(c, q, *ret_time_s);
	tell(c, r < 0 ? strerror(-r) : NULL);
	return r == 0 || refuse(a, 503, "The checkpoint can't be stored now.");
}

void cosigner_add(struct cosigner *c, struct span body, struct http_answer *ret)
{
	struct asking q = { 0 };
	uint64_t time_s;
	if (!is_well_formed(&q, body, ret) || !is_signed_by_a_log(c, &q, ret) ||
	    !goes_on_from_here(c, &q, ret) || !is_consistent(c, &q, ret) || !is_stored(c, &q, &time_s, ret))
		return;
	ret->status = 200;
	if (cosignature_put(&ret->body, q.note.text, time_s, c->signer) < 0)
		http_answer_say(ret, 503, "The checkpoint can't be signed now.");
}

static const struct seen *find_hex(const struct seen_list *l, struct span hex)
{
	char name[WITNESS_HEX_MAX + 1];
	for (size_t i = 0; i < l->count; i++) {
		witness_origin_hex(l->row[i].checkpoint.origin, name);
		if (span_is(hex, name))
			return &l->row[i];
	}
	return NULL;
}

/* The cosignature is made again: of the same text and time it has the same bytes. */
void cosigner_show(const struct cosigner *c, struct span hex, struct http_answer *ret)
{
	const struct seen *s = find_hex(&c->store->seen, hex);
	struct note n;
	if (!s) {
		http_answer_say(ret, 404, "No checkpoint of this log has been cosigned.");
		return;
	}
	ret->status = 200;
	buf_put(&ret->body, s->note.data, s->note.len);
	if (note_parse((struct span){ s->note.data, s->note.len }, &n) < 0 ||
	    cosignature_put(&ret->body, n.text, s->time_s, c->signer) < 0)
		http_answer_say(ret, 503, "The checkpoint can't be shown now.");
}
