/* The steps of docs/format.md section 17, one after the other. */
#include "evidence/chain.h"
#include "evidence/proof.h"
#include "evidence/proof_roll.h"

struct checker {
	const struct proof *p;
	struct span anchor;
	struct proof_facts *facts;
	const char *why;
	bool enrolled;
};

static bool no(struct checker *k, const char *why)
{
	k->why = why;
	return false;
}

/* Copied, for what a span points to is bytes. */
static size_t load_path(struct span bytes, struct hash path[MERKLE_MAX_PROOF])
{
	size_t n = MIN(bytes.len / sizeof(*path), (size_t)MERKLE_MAX_PROOF);
	memcpy(path, bytes.data ? bytes.data : (const uint8_t *)"", n * sizeof(*path));
	return n;
}

static bool leaf_in(const struct proof_leaf *l, const struct checkpoint *tree)
{
	struct hash leaf, path[MERKLE_MAX_PROOF];
	size_t n = load_path(l->path, path);
	merkle_leaf(l->entry, &leaf);
	return merkle_check_inclusion(&leaf, l->index, tree->size, path, n, &tree->root);
}

static bool check_genesis(struct checker *k)
{
	struct hash h;
	sha256(k->anchor.data, k->anchor.len, &h);
	if (!hash_equal(&h, &k->p->genesis))
		return no(k, "the proof names another genesis statement");
	if (genesis_parse(k->anchor, &k->facts->genesis) < 0)
		return no(k, "the genesis statement is not signed by all that it names");
	return true;
}

/* Of one statement by itself: it is in the tree, and those have signed who must. */
static bool open_statement(struct checker *k, size_t i, struct statement *ret, uint64_t *ret_time_us)
{
	const struct proof_leaf *l = &k->p->statement[i];
	struct fleet_entry e;
	if (i > 0 && l->index <= k->p->statement[i - 1].index)
		return no(k, "the statements are not in order");
	if (!leaf_in(l, &k->facts->fleet))
		return no(k, "a statement is not in the fleet log");
	if (fleet_parse_entry(l->entry, &e) < 0 || e.kind != FLEET_STATEMENT)
		return no(k, "something else stands in a statement's place");
	if (statement_parse(e.note, &k->facts->genesis, ret) < 0)
		return no(k, "a statement is not signed as the genesis statement asks");
	*ret_time_us = e.time_us;
	return true;
}

static bool take_statements(struct checker *k, struct proof_roll *roll)
{
	for (size_t i = 0; i < k->p->statement_count; i++) {
		struct statement s;
		uint64_t time_us, index = k->p->statement[i].index;
		if (!open_statement(k, i, &s, &time_us))
			return false;
		const char *why = proof_roll_take(roll, &s, index, time_us);
		if (why)
			return no(k, why);
		if (index >= k->p->commit.index || !roll->enrolled)
			continue;
		k->enrolled = true;
		k->facts->host_standing = roll->standing;
		k->facts->identity_index = roll->identity_index;
	}
	k->facts->log = roll->roll.log;
	return k->enrolled || no(k, "the host was not enrolled before the commit");
}

/* The checkpoint's root is taken on trust here: who signed it depends on these statements, and is checked
 * next. */
static bool check_statements(struct checker *k)
{
	struct proof_facts *f = k->facts;
	cleanup(proof_roll_done) struct proof_roll roll;
	struct note n;
	proof_roll_init(&roll, &f->genesis, f->origin.host);
	if (origin_parse(k->p->origin, &f->origin) < 0)
		return no(k, "the origin is not that of a host log");
	if (strcmp(f->origin.fleet, f->genesis.fleet) != 0)
		return no(k, "the origin is that of another fleet");
	if (note_parse(k->p->note, &n) < 0 || checkpoint_parse(n.text, &f->fleet) < 0)
		return no(k, "the fleet checkpoint is malformed");
	return take_statements(k, &roll);
}

static bool check_fleet_log(struct checker *k)
{
	if (checkpoint_verify_fleet(k->p->note, &k->facts->log, false, &k->facts->fleet) < 0)
		return no(k, "the fleet checkpoint is not signed by the fleet log");
	return true;
}

static bool check_commit(struct checker *k)
{
	const struct proof *p = k->p;
	struct fleet_entry e;
	struct hash leaf, path[MERKLE_MAX_PROOF];
	if (fleet_parse_entry(p->commit.entry, &e) < 0 || e.kind != FLEET_COMMIT || e.heads != p->heads)
		return no(k, "something else stands in the commit's place");
	if (!leaf_in(&p->commit, &k->facts->fleet))
		return no(k, "the commit is not in the fleet log");
	size_t n = load_path(p->commit_path, path);
	commit_leaf(p->origin, p->head_size, &p->head_root, &leaf);
	if (!merkle_check_inclusion(&leaf, p->position, p->heads, path, n, &e.root))
		return no(k, "the head is not in the commit");
	k->facts->commit_time_us = e.time_us;
	return true;
}

static bool host_note(struct span bytes, struct span origin, struct note *ret, struct checkpoint *ret_head)
{
	return note_parse(bytes, ret) == 0 && checkpoint_parse(ret->text, ret_head) == 0 &&
	       span_equal(ret_head->origin, origin);
}

static bool check_head(struct checker *k)
{
	const struct proof *p = k->p;
	struct proof_facts *f = k->facts;
	struct hash path[MERKLE_MAX_PROOF];
	if (!host_note(p->checkpoint, p->origin, &f->host_note, &f->host))
		return no(k, "the host checkpoint is not one of this log");
	size_t n = load_path(p->head_path, path);
	/* A proof from size 0 would prove nothing. */
	if (f->host.size == 0 ||
	    !merkle_check_consistency(f->host.size, &f->host.root, p->head_size, &p->head_root, path, n))
		return no(k, "the host checkpoint and the committed head don't fit");
	return true;
}

static bool parse_leaf(const struct proof_leaf *l, struct entry *ret)
{
	if (l->entry.len <= ENTRY_SALT_BYTES)
		return false;
	struct span body = { l->entry.data + ENTRY_SALT_BYTES, l->entry.len - ENTRY_SALT_BYTES };
	return entry_parse_body(body, ret) == 0;
}

/* The seal key's line by its name, and the identity key's behind it, or none. */
static bool lines_ok(const struct checker *k, const struct note *n, bool identity)
{
	char name[KEY_NAME_MAX + 1];
	struct note_signature s;
	bool vouched;
	origin_seal_name(&k->facts->origin, name);
	if (!note_signature(n, 0, &s) || !span_is(s.name, name))
		return false;
	return identity ? host_lines_ok(n, &k->facts->host_standing.identity, &vouched) && vouched
	                : note_signature_count(n) == 1;
}

static bool sealed_by(const struct checker *k, const struct note *n, const struct ed25519_public *pub)
{
	char name[KEY_NAME_MAX + 1];
	struct key key;
	origin_seal_name(&k->facts->origin, name);
	return key_make(name, KEY_TYPE_ED25519, pub, &key) == 0 && note_signed_by(n, 0, &key);
}

/* From one link to the next: what was signed before, and the key that it names. */
struct chain_state {
	uint64_t size; /* 0: nothing yet */
	struct ed25519_public next_key;
};

static bool check_link(struct checker *k, const struct proof_link *l, struct chain_state *s)
{
	struct note n;
	struct checkpoint c;
	struct entry e;
	struct seal seal;
	if (!host_note(l->note, k->p->origin, &n, &c) || c.size <= s->size)
		return no(k, "a link is no earlier checkpoint of this log");
	if (s->size == 0 ? !lines_ok(k, &n, true) : !sealed_by(k, &n, &s->next_key))
		return no(k, "a link is not signed by the key that vouches for it");
	if (l->seal.index != c.size - 1 || !leaf_in(&l->seal, &c) || !parse_leaf(&l->seal, &e) ||
	    seal_parse(&e, &seal) < 0 || (s->size && seal.first != s->size))
		return no(k, "a link does not end in its seal");
	*s = (struct chain_state){ .size = c.size, .next_key = seal.next_key };
	return true;
}

static bool check_signed(struct checker *k)
{
	const struct proof *p = k->p;
	const struct proof_facts *f = k->facts;
	struct chain_state s = { 0 };
	if (p->link_count == 0)
		return lines_ok(k, &f->host_note, true) ||
		       no(k, "the host checkpoint is not signed by the enrolled identity key");
	for (size_t i = 0; i < p->link_count; i++) {
		if (!check_link(k, &p->link[i], &s))
			return false;
	}
	if (s.size >= f->host.size || !lines_ok(k, &f->host_note, false) ||
	    !sealed_by(k, &f->host_note, &s.next_key))
		return no(k, "the host checkpoint is not signed by the seal key that was named for it");
	return true;
}

static bool check_entry(struct checker *k)
{
	if (!leaf_in(&k->p->entry, &k->facts->host))
		return no(k, "the entry is not in the host's log");
	if (!parse_leaf(&k->p->entry, &k->facts->entry))
		return no(k, "the entry is malformed");
	return true;
}

static bool check_seal(struct checker *k)
{
	const struct proof *p = k->p;
	struct seal *s = &k->facts->seal;
	struct entry e;
	uint64_t end;
	if (!leaf_in(&p->seal, &k->facts->host))
		return no(k, "the seal entry is not in the host's log");
	if (!parse_leaf(&p->seal, &e) || seal_parse(&e, s) < 0)
		return no(k, "the seal entry is malformed");
	if (__builtin_add_overflow(s->first, s->count, &end) || end == 0 || end - 1 != p->seal.index ||
	    s->first > p->entry.index || p->entry.index > p->seal.index)
		return no(k, "the seal entry is that of another batch");
	const struct standing *host = &k->facts->host_standing;
	uint32_t epoch = k->facts->origin.epoch;
	if (!standing_takes(host, epoch) || standing_quarantines(host, epoch, end))
		return no(k, "the host was revoked, retired or re-enrolled before its batch was committed");
	return true;
}

static bool check_process(struct checker *k)
{
	const struct proof *p = k->p;
	uint64_t named = k->facts->entry.process;
	if (p->has_process != (named != ENTRY_NO_PROCESS))
		return no(k, "the entry of the process is missing, or one too many");
	if (!p->has_process)
		return true;
	if (p->process.index != named || named >= p->entry.index)
		return no(k, "the entry of another process stands there");
	if (!leaf_in(&p->process, &k->facts->host))
		return no(k, "the entry of the process is not in the host's log");
	if (!parse_leaf(&p->process, &k->facts->process))
		return no(k, "the entry of the process is malformed");
	return true;
}

static const struct {
	const char *name;
	bool (*check)(struct checker *k);
} STEPS[PROOF_STEPS] = {
	[PROOF_GENESIS] = { "genesis", check_genesis },
	[PROOF_FLEET_LOG] = { "fleet log", check_fleet_log },
	[PROOF_STATEMENTS] = { "enrolment", check_statements },
	[PROOF_COMMIT] = { "commit", check_commit },
	[PROOF_HEAD] = { "head", check_head },
	[PROOF_SIGNED] = { "signed", check_signed },
	[PROOF_ENTRY] = { "entry", check_entry },
	[PROOF_SEAL] = { "seal", check_seal },
	[PROOF_PROCESS] = { "process", check_process },
};

const char *proof_step_name(enum proof_step s)
{
	return (size_t)s < ARRAY_SIZE(STEPS) ? STEPS[s].name : "proof";
}

enum proof_step proof_check(const struct proof *p, struct span anchor, struct proof_facts *ret,
                            const char **ret_why)
{
	struct checker k = { .p = p, .anchor = anchor, .facts = ret };
	*ret = (struct proof_facts){ 0 };
	for (size_t i = 0; i < PROOF_STEPS; i++) {
		if (STEPS[i].check(&k))
			continue;
		*ret_why = k.why;
		return (enum proof_step)i;
	}
	return PROOF_STEPS;
}
