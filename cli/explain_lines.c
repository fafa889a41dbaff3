#include "cli/explain_lines.h"

#include "lib/text.h"

void explanation_done(struct explanation *a)
{
	for (size_t i = 0; i < a->count; i++)
		buf_done(&a->line[i].words);
}

static struct buf *add(struct explanation *a, enum line_state s, const char *part)
{
	assert(a->count < EXPLANATION_LINES);
	struct line *l = &a->line[a->count++];
	*l = (struct line){ .state = s, .part = part };
	return &l->words;
}

static unsigned long long number(uint64_t n)
{
	return n;
}

static void put_id(struct buf *b, const struct key *k)
{
	buf_printf(b, "%s (key ", k->name);
	text_put_hex(b, k->id, sizeof(k->id));
	buf_put_u8(b, ')');
}

/* --- one line each */

static void tell_genesis(const struct proof_view *v, struct buf *b)
{
	const struct genesis *g = &v->facts->genesis;
	buf_printf(b,
	           "the anchor founds the fleet %s; administrators: %zu, auditors: %zu, the log: ", g->fleet,
	           g->admin_count, g->auditor_count);
	put_id(b, &g->log);
}

static void tell_fleet_log(const struct proof_view *v, struct buf *b)
{
	buf_printf(b, "%s signed its history of %llu entries", v->facts->log.name,
	           number(v->facts->fleet.size));
}

static void put_signers(struct buf *b, const struct genesis *g, struct span statement)
{
	struct note n;
	uint64_t signers = 0;
	const char *comma = "";
	if (note_parse(statement, &n) < 0)
		return;
	if (note_verify(&n, g->people, g->admin_count + g->auditor_count, &signers) < 0) {
		buf_put_str(b, g->registrar.name); /* under a token that people gave out */
		return;
	}
	for (size_t i = 0; i < g->admin_count + g->auditor_count; i++) {
		if (!(signers >> i & 1))
			continue;
		buf_printf(b, "%s%s", comma, g->people[i].name);
		comma = ", ";
	}
}

static const struct proof_leaf *find_statement(const struct proof *p, uint64_t index)
{
	size_t i = 0;
	while (i + 1 < p->statement_count && p->statement[i].index != index)
		i++;
	return &p->statement[i];
}

static void tell_enrolment(const struct proof_view *v, struct buf *b)
{
	const struct proof_facts *f = v->facts;
	struct fleet_entry e;
	buf_printf(b, "%s is ", f->origin.host);
	put_id(b, &f->host_standing.identity);
	buf_put_str(b, ", say ");
	if (fleet_parse_entry(find_statement(v->proof, f->identity_index)->entry, &e) == 0)
		put_signers(b, &f->genesis, e.note);
	buf_printf(b, " (entry %llu of the fleet log)", number(f->identity_index));
}

static void tell_commit(const struct proof_view *v, struct buf *b)
{
	const struct proof *p = v->proof;
	buf_printf(b,
	           "the fleet log took up the host's log of %llu entries in its entry %llu, head %llu of "
	           "%llu, at ",
	           number(p->head_size), number(p->commit.index), number(p->position + 1), number(p->heads));
	text_put_time_us(b, v->facts->commit_time_us);
	buf_put_str(b, " by the sink's clock");
}

static void tell_head(const struct proof_view *v, struct buf *b)
{
	uint64_t size = v->facts->host.size;
	if (size == v->proof->head_size)
		buf_put_str(b, "that is the host's own checkpoint");
	else
		buf_printf(b, "that continues the host's own checkpoint of %llu entries", number(size));
}

static void tell_signed(const struct proof_view *v, struct buf *b)
{
	const struct proof *p = v->proof;
	if (p->link_count == 0)
		buf_printf(b, "%s signed that checkpoint", v->facts->host_standing.identity.name);
	else
		buf_printf(b, "a key that was used once signed that checkpoint, in a chain of %zu from %s",
		           p->link_count, v->facts->host_standing.identity.name);
}

static void tell_entry(const struct proof_view *v, struct buf *b)
{
	buf_printf(b, "the entry, %zu bytes with its salt, is number %llu of that log",
	           v->proof->entry.entry.len, number(v->proof->entry.index));
}

static void tell_seal(const struct proof_view *v, struct buf *b)
{
	const struct seal *s = &v->facts->seal;
	buf_printf(b, "it was sealed with the entries %llu to %llu; lost so far in this epoch: %llu (%s)",
	           number(s->first), number(s->first + s->count - 1), number(s->account.lost),
	           exactness_name(s->account.exactness) ? exactness_name(s->account.exactness) : "unknown");
}

static void tell_process(const struct proof_view *v, struct buf *b)
{
	const char *name = v->proof->has_process ? entry_kind_name(v->facts->process.kind) : NULL;
	if (v->proof->has_process)
		buf_printf(b, "who acted is told by entry %llu (%s) of the same log",
		           number(v->proof->process.index), name ? name : "of a kind not known here");
	else
		buf_put_str(b, "the entry names no process");
}

static void (*const tell[PROOF_STEPS])(const struct proof_view *v, struct buf *b) = {
	[PROOF_GENESIS] = tell_genesis,
	[PROOF_FLEET_LOG] = tell_fleet_log,
	[PROOF_STATEMENTS] = tell_enrolment,
	[PROOF_COMMIT] = tell_commit,
	[PROOF_HEAD] = tell_head,
	[PROOF_SIGNED] = tell_signed,
	[PROOF_ENTRY] = tell_entry,
	[PROOF_SEAL] = tell_seal,
	[PROOF_PROCESS] = tell_process,
};

static size_t other_lines(const struct proof_view *v)
{
	struct note n;
	return note_parse(v->proof->note, &n) == 0 ? note_signature_count(&n) - 1 : 0;
}

static void put_witnesses(struct buf *b, const struct proof_view *v)
{
	const char *comma = "";
	const struct policy_witness *w;
	for (size_t i = 0; (w = policy_witness(v->policy, i)); i++) {
		if (!(v->witnessed->cosigned >> i & 1))
			continue;
		buf_printf(b, "%s%s at ", comma, w->key.name);
		text_put_time_us(b, v->witnessed->time_s[i] * 1000000);
		comma = ", ";
	}
	if (!*comma)
		buf_put_str(b, "none");
}

static void tell_witnesses(struct explanation *a, const struct proof_view *v)
{
	if (!v->policy) {
		size_t others = other_lines(v);
		struct buf *b = add(a, OPEN, "witnesses");
		if (others)
			buf_printf(b, "%zu more signatures, of keys that only a policy can name: --policy",
			           others);
		else
			buf_put_str(b, "nobody has cosigned that");
		return;
	}
	if (v->policy_fault) {
		struct buf *b = add(a, FAILED, "witnesses");
		buf_put_str(b, v->policy_fault);
		if (v->witnessed->checkpoint.size) {
			buf_put_str(b, "; cosigned by: ");
			put_witnesses(b, v);
		}
		return;
	}
	struct buf *b = add(a, policy_is_open(v->policy) ? OPEN : PROVEN, "witnesses");
	buf_put_str(b,
	            policy_is_open(v->policy) ? "the policy asks for none; cosigned by: " : "cosigned by: ");
	put_witnesses(b, v);
}

/* Statements are in a tree of which only the next step says whose it is. */
static bool stands_alone(enum proof_step s, const struct proof_view *v)
{
	return s != PROOF_STATEMENTS || v->failed != PROOF_FLEET_LOG;
}

void explanation_make(struct explanation *a, const struct proof_view *v)
{
	for (size_t i = 0; i < PROOF_STEPS; i++) {
		enum proof_step s = (enum proof_step)i;
		if (s > v->failed)
			break;
		if (s == v->failed)
			buf_put_str(add(a, FAILED, proof_step_name(s)), v->why);
		else
			tell[s](v, add(a, stands_alone(s, v) ? PROVEN : OPEN, proof_step_name(s)));
		if (s == PROOF_FLEET_LOG && s != v->failed)
			tell_witnesses(a, v);
	}
}
