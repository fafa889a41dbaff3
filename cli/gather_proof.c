/* From what was gathered to a proof file. */
#include "cli/command.h"
#include "cli/gathered.h"

/* Paths lie one behind the other in the scratch buffer, which has room for all of them. */
static struct span keep_path(struct gather *g, const struct hash *path, size_t n)
{
	size_t at = g->scratch.len;
	buf_put(&g->scratch, path, n * sizeof(*path));
	return (struct span){ g->scratch.data + at, n * sizeof(*path) };
}

static int make_leaf(struct gather *g, struct fleet_tree *tree, uint64_t size, uint64_t index,
                     const struct buf *entry, struct proof_leaf *ret)
{
	struct hash path[MERKLE_MAX_PATH];
	size_t n = 0;
	int r = merkle_prove_inclusion(fleet_tree_node, tree, size, index, path, &n);
	*ret = (struct proof_leaf){ .index = index, .entry = buf_span(entry), .path = keep_path(g, path, n) };
	return r;
}

static int make_links(struct gather *g, const struct kept_run *run, struct proof *p)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < run->count; i++) {
		const struct kept_batch *k = &run->batch[i];
		p->link[i].note = buf_span(&k->note);
		r = make_leaf(g, g->log, k->size, k->size - 1, &k->seal, &p->link[i].seal);
	}
	p->link_count = run->count;
	return r;
}

static int make_entries(struct gather *g, const struct wanted *w, uint64_t size, struct proof *p)
{
	int r = make_leaf(g, g->log, size, w->index, &w->leaf, &p->entry);
	if (r == 0)
		r = make_leaf(g, g->log, size, w->own.size - 1, &w->own.seal, &p->seal);
	p->has_process = w->process != ENTRY_NO_PROCESS;
	if (r == 0 && p->has_process)
		r = make_leaf(g, g->log, size, w->process, &w->process_leaf, &p->process);
	return r;
}

static int make_head(struct gather *g, const struct kept_commit *k, uint64_t size, struct proof *p)
{
	struct hash path[MERKLE_MAX_PROOF];
	size_t n = 0;
	if (k->size > fleet_tree_size(g->log))
		return -EBADMSG;
	int r = merkle_prove_consistency(fleet_tree_node, g->log, size, k->size, path, &n);
	p->head_size = k->size;
	p->head_root = k->root;
	p->head_path = keep_path(g, path, n);
	p->position = k->position;
	p->heads = k->heads;
	p->commit_path = keep_path(g, k->path, k->path_len);
	return r;
}

/* The published checkpoint, which witnesses may have cosigned, where it covers the commit. */
static int choose_note(struct gather *g, uint64_t commit, struct span *ret, uint64_t *ret_size)
{
	const struct buf *notes[] = { &g->published, &g->newest };
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
		struct note n;
		struct checkpoint c;
		if (note_parse(buf_span(notes[i]), &n) < 0 || checkpoint_parse(n.text, &c) < 0 ||
		    c.size <= commit || c.size > fleet_tree_size(g->fleet))
			continue;
		*ret = buf_span(notes[i]);
		*ret_size = c.size;
		return 0;
	}
	command_fail("%s: no checkpoint of the fleet log covers the commit", g->request.store);
	return -ENOENT;
}

static int make_statements(struct gather *g, uint64_t size, struct proof *p)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < g->statements.count; i++) {
		const struct kept_statement *s = &g->statements.list[i];
		if (!s->needed || s->index >= size)
			continue;
		if (p->statement_count == PROOF_MAX_STATEMENTS) {
			command_fail("more than %d statements concern the host: no proof holds so many",
			             PROOF_MAX_STATEMENTS);
			return -E2BIG;
		}
		r = make_leaf(g, g->fleet, size, s->index, &s->entry, &p->statement[p->statement_count++]);
	}
	return r;
}

static int make_fleet(struct gather *g, const struct kept_commit *k, struct proof *p)
{
	uint64_t size = 0;
	int r = choose_note(g, k->index, &p->note, &size);
	if (r == 0)
		r = make_leaf(g, g->fleet, size, k->index, &k->entry, &p->commit);
	return r < 0 ? r : make_statements(g, size, p);
}

/* Through the identity key's next signature if that was committed, else along the seal keys since its last.
 */
static int make_proof(struct gather *g, const struct wanted *w, struct proof *p)
{
	bool direct = w->signed_committed.found;
	const struct kept_batch *k = direct ? &w->signed_by : &w->own;
	const struct kept_commit *commit = direct ? &w->signed_committed : &w->committed;
	p->origin = span_str(g->origin);
	p->checkpoint = buf_span(&k->note);
	sha256(g->genesis_bytes.data, g->genesis_bytes.len, &p->genesis);
	int r = make_entries(g, w, k->size, p);
	if (r == 0 && !k->identity)
		r = make_links(g, &w->before, p);
	if (r == 0)
		r = make_head(g, commit, k->size, p);
	return r < 0 ? r : make_fleet(g, commit, p);
}

static int check_wanted(const struct gather *g, const struct wanted *w)
{
	const char *host = g->request.host;
	if (!g->epoch) {
		command_fail("the store has nothing of host %s%s", host,
		             g->request.epoch ? " in this epoch" : "");
		return -ENOENT;
	}
	if (!w->found) {
		command_fail("host %s, epoch %u: there is no entry %llu, the log has %llu", host, g->epoch,
		             (unsigned long long)w->index, (unsigned long long)fleet_tree_size(g->log));
		return -ENOENT;
	}
	if (!w->committed.found) {
		command_fail("host %s, epoch %u: entry %llu is not committed yet", host, g->epoch,
		             (unsigned long long)w->index);
		return -EAGAIN;
	}
	if (!w->signed_committed.found && !w->own.identity && (w->before.overflow || w->before.count == 0)) {
		command_fail(
		        "host %s, epoch %u: entry %llu is more than %d batches behind the identity key's "
		        "last signature; try again when the host has signed once more",
		        host, g->epoch, (unsigned long long)w->index, PROOF_MAX_LINKS);
		return -E2BIG;
	}
	return 0;
}

int gather_put_proof(struct gather *g, size_t i, struct buf *ret)
{
	static const size_t most =
	        (PROOF_MAX_LINKS + PROOF_MAX_STATEMENTS + 8) * MERKLE_MAX_PROOF * sizeof(struct hash);
	const struct wanted *w = &g->wanted[i];
	cleanup_free struct proof *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	int r = check_wanted(g, w);
	if (r < 0)
		return r;
	buf_reset(&g->scratch);
	if (!buf_grow(&g->scratch, most))
		return buf_err(&g->scratch);
	r = make_proof(g, w, p);
	if (r == 0)
		proof_put(ret, p);
	return r < 0 ? r : buf_err(ret);
}
