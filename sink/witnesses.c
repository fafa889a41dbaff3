#include "sink/witnesses.h"

#include <stdio.h>

#include "evidence/generation.h"
#include "lib/log.h"
#include "lib/text.h"
#include "sink/witnesses_state.h"

/* A witness that claims what can't be must not fill the fleet log. */
#define CLAIM_EVERY_US ((uint64_t)600000000)

static uint64_t now_us(const struct core *c)
{
	return c->env->boot_us(c->env);
}

const char *witnesses_name(const struct witnesses *w, size_t i)
{
	return policy_witness(w->policy, i)->name;
}

int witnesses_start(const struct witnesses_options *o, const struct policy *policy, const struct key *log,
                    struct witnesses **ret)
{
	struct witnesses *w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->policy = policy;
	w->log = log;
	w->options = *o;
	w->quorum_is_usual = true;
	cosigned_init(&w->round, policy, log);
	while (policy_witness(policy, w->count))
		w->count++;
	int r = witness_process_start(&o->http, policy, &w->process);
	if (r < 0) {
		witnesses_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void witnesses_free(struct witnesses *w)
{
	if (!w)
		return;
	child_stop(&w->process);
	cosigned_done(&w->round);
	free(w);
}

int witnesses_fd(const struct witnesses *w)
{
	return w->process.fd;
}

/* --- what witnesses say */

/* The keys that may sign the log now. Returns how many. */
static size_t learn_keys(struct witnesses *w, const struct core *core)
{
	const struct roll *l = &core->roll;
	if (generation_key(&l->log, core->generation, &w->keys[0]) < 0)
		return 0;
	return l->has_former && generation_key(&l->former, core->generation, &w->keys[1]) == 0 ? 2 : 1;
}

int witnesses_begin_round(struct witnesses *w, const struct core *core, struct span note)
{
	size_t n = learn_keys(w, core);
	int r = -ENOKEY;
	for (size_t k = 0; r == -ENOKEY && k < n; k++) {
		w->round.log = &w->keys[k];
		r = cosigned_begin(&w->round, note);
	}
	return r;
}

/* A checkpoint that a witness holds, against the store. Whatever is not signed by this log's key is the
 * witness's own trouble. */
int witnesses_judge(struct witnesses *w, struct core *core, size_t i, struct span note,
                    enum witnesses_verdict *ret)
{
	struct policy_verdict v;
	struct hash root;
	size_t n = learn_keys(w, core);
	int checked = -ENOKEY;
	for (size_t k = 0; checked < 0 && k < n; k++)
		checked = policy_check(w->policy, note, &w->keys[k], &v);
	if (checked < 0) {
		snprintf(w->witness[i].words, WITNESS_WORDS_MAX, "%s",
		         "what it gives as its latest checkpoint is not signed by this log");
		return -EBADMSG;
	}
	*ret = WITNESSES_BEHIND;
	uint64_t here = core->log.frontier.size;
	int r = v.checkpoint.size <= here ? fleet_log_root(&core->log, v.checkpoint.size, &root) : 0;
	if (r == 0 && v.checkpoint.size <= here)
		*ret = hash_equal(&root, &v.checkpoint.root) ? WITNESSES_FINE : WITNESSES_DIFFER;
	if (r == 0 && *ret != WITNESSES_FINE)
		snprintf(w->trouble, sizeof(w->trouble),
		         "witness %s holds a checkpoint of size %llu, signed by this log's key",
		         witnesses_name(w, i), (unsigned long long)v.checkpoint.size);
	return r;
}

void witnesses_note_failure(struct witnesses *w, size_t i, const char *words)
{
	struct witness_state *s = &w->witness[i];
	if (!s->failing || strcmp(words, s->words) != 0)
		log_warning("witness %s: %s; it is tried again", witnesses_name(w, i), words);
	s->failing = true;
	snprintf(s->words, sizeof(s->words), "%s", words);
}

static void note_success(struct witnesses *w, size_t i)
{
	struct witness_state *s = &w->witness[i];
	if (s->failing)
		log_info("witness %s answers again", witnesses_name(w, i));
	s->failing = false;
	s->words[0] = '\0';
}

static int send_proof(const struct witnesses *w, struct core *core, const struct witness_message *m)
{
	struct hash path[MERKLE_MAX_PROOF];
	size_t n = 0;
	bool can = m->old > 0 && m->old < m->size && m->size <= core->log.frontier.size;
	if (can && merkle_prove_consistency(fleet_log_node, &core->log, m->old, m->size, path, &n) < 0)
		n = 0;
	return witness_process_send(
	        &w->process,
	        &(struct witness_message){ .type = WITNESS_PROOF,
	                                   .witness = m->witness,
	                                   .old = m->old,
	                                   .size = m->size,
	                                   .bytes = { (const uint8_t *)path, n * sizeof(path[0]) } });
}

/* Said, and entered; proof of it is asked for and may come later. */
static int note_claim(struct witnesses *w, struct core *core, const struct witness_message *m)
{
	struct witness_state *s = &w->witness[m->witness];
	cleanup_buf struct buf detail = { 0 };
	uint64_t now = now_us(core);
	s->failing = true;
	snprintf(s->words, WITNESS_WORDS_MAX, "it claims size %llu, more than this log ever signed",
	         (unsigned long long)m->old);
	if (s->claim_us && now - s->claim_us < CLAIM_EVERY_US)
		return 0;
	s->claim_us = now;
	log_alert("witness %s claims to hold size %llu of this log, which has only %llu entries: it lies, or "
	          "another sink signs with this log's key; its checkpoint is asked for",
	          witnesses_name(w, m->witness), (unsigned long long)m->old,
	          (unsigned long long)core->log.frontier.size);
	buf_printf(&detail, "%s %llu", witnesses_name(w, m->witness), (unsigned long long)m->old);
	return buf_err(&detail) ? buf_err(&detail) : core_note(core, SINK_WITNESS_AHEAD, buf_span(&detail));
}

static void note_difference(struct witnesses *w, const struct witness_message *m)
{
	witnesses_note_failure(
	        w, m->witness,
	        "it says that the log does not continue what it holds; its checkpoint is asked for");
}

/* It was wrong about the size, or about the proof: what it holds fits. */
static int take_latest(struct witnesses *w, struct core *core, const struct witness_message *m)
{
	enum witnesses_verdict v = WITNESSES_FINE;
	int r = m->bytes.len ? witnesses_judge(w, core, m->witness, m->bytes, &v) : 0;
	if (r == -EBADMSG) {
		log_warning("witness %s: %s", witnesses_name(w, m->witness), w->witness[m->witness].words);
		return 0;
	}
	if (r == 0 && v != WITNESSES_FINE)
		return -ESTALE;
	return r;
}

int witnesses_publish_round(struct witnesses *w, struct core *core)
{
	int r = core_publish_as(core, w->round.size, buf_span(&w->round.note));
	if (r == 0)
		w->improved = false;
	return r;
}

bool witnesses_all_signed(const struct witnesses *w)
{
	for (size_t i = 0; i < w->count; i++) {
		bool signed_it = w->round.witnesses >> i & 1;
		if (!signed_it && !w->witness[i].failing)
			return false;
	}
	return true;
}

int witnesses_take_quorum(struct witnesses *w, struct core *core)
{
	if (w->late)
		log_info("the policy's quorum of witnesses signs again");
	w->late = false;
	w->quorum_is_usual = true;
	return core_set_witnessed(core, w->round.size, buf_span(&w->round.note));
}

static int take_line(struct witnesses *w, struct core *core, const struct witness_message *m)
{
	/* For a checkpoint that another has taken the place of. */
	if (m->size != w->round.size)
		return 0;
	int r = cosigned_add(&w->round, m->witness, m->bytes);
	if (r == -EBADMSG) {
		witnesses_note_failure(w, m->witness, "its cosignature does not verify");
		return 0;
	}
	if (r <= 0)
		return r;
	note_success(w, m->witness);
	w->witness[m->witness].size = m->size;
	w->improved = true;
	r = w->round.quorum ? witnesses_take_quorum(w, core) : 0;
	/* What the disk does not take now it is asked to take again when publication is due. */
	if (r == 0 && w->round.quorum && witnesses_all_signed(w))
		(void)!witnesses_publish_round(w, core);
	return r;
}

static void take_failure(struct witnesses *w, const struct witness_message *m)
{
	char words[WITNESS_WORDS_MAX];
	snprintf(words, sizeof(words), "%.*s", (int)MIN(m->bytes.len, sizeof(words) - 1),
	         (const char *)m->bytes.data);
	witnesses_note_failure(w, m->witness, words);
}

static int take_message(struct witnesses *w, struct core *core, const struct witness_message *m)
{
	if (m->witness >= w->count)
		return -EPIPE;
	switch (m->type) {
	case WITNESS_LATEST:
		return take_latest(w, core, m);
	case WITNESS_WANTS_PROOF:
		return send_proof(w, core, m);
	case WITNESS_COSIGNED:
		return take_line(w, core, m);
	case WITNESS_AHEAD:
		return note_claim(w, core, m);
	case WITNESS_DIFFERS:
		note_difference(w, m);
		return 0;
	case WITNESS_FAILED:
		take_failure(w, m);
		return 0;
	case WITNESS_ASK:
	case WITNESS_OFFER:
	case WITNESS_PROOF:
	default:
		return -EPIPE;
	}
}

int witnesses_read(struct witnesses *w, struct core *core)
{
	struct witness_message m;
	for (;;) {
		int r = witness_process_receive(&w->process, w->packet, &m);
		if (r <= 0)
			return r == 0 ? 0 : -EPIPE;
		r = take_message(w, core, &m);
		if (r == -ESTALE)
			log_alert("%s, which does not fit the store. Another sink signs with this log's key, "
			          "or "
			          "this store is not the newest: nothing is signed any more",
			          w->trouble);
		if (r == -ESTALE || r == -EPIPE)
			return r;
		if (r < 0 && r != -EAGAIN)
			log_warning("what witness %s said could not be dealt with: %s",
			            witnesses_name(w, m.witness), strerror(-r));
	}
}

void witnesses_lost(struct witnesses *w)
{
	log_error("the process that talks with witnesses is gone: nothing is cosigned until the sink is "
	          "started "
	          "again");
	w->lost = true;
}

static const char *state_word(const struct witnesses *w)
{
	return w->lost ? "lost" : w->late ? "late" : "good";
}

void witnesses_put_status(const struct witnesses *w, const struct core *core, struct buf *b)
{
	buf_printf(b, "{\"quorum\":\"%s\",\"witnessed_size\":%llu", state_word(w),
	           (unsigned long long)core->witnessed);
	for (size_t i = 0; i < w->count; i++) {
		const struct witness_state *s = &w->witness[i];
		const char *n = witnesses_name(w, i);
		struct span name = { (const uint8_t *)n, strlen(n) };
		struct span words = { (const uint8_t *)s->words, strlen(s->words) };
		buf_put_str(b, ",\"");
		text_put_json(b, name);
		buf_printf(b, "\":{\"size\":%llu,\"trouble\":\"", (unsigned long long)s->size);
		text_put_json(b, words);
		buf_put_str(b, "\"}");
	}
	buf_put_u8(b, '}');
}
