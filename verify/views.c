#include "verify/views.h"

#include <pthread.h>
#include <stdio.h>

struct view {
	unsigned input;
	struct key log; /* that signed the note */
	struct fleet_tree *tree;
	struct generations generations;
	struct buf note;
};

struct sighting {
	unsigned input;
	struct key log; /* that signed the note */
	struct fleet_head head;
	struct buf note;             /* empty: a host's word */
	char origin[ORIGIN_MAX + 1]; /* of that host's log */
	uint64_t index;
};

struct views {
	pthread_mutex_t lock;
	struct view view[VIEWS_MAX];
	size_t view_count;
	struct key log[1 + SUCCESSION_MAX]; /* the genesis statement's first */
	size_t log_count;
	struct sighting *sighting;
	size_t count, cap, passed_over;
};

void views_trust(struct views *v, const struct key *log)
{
	for (size_t i = 0; i < v->log_count; i++) {
		if (key_equal(&v->log[i], log))
			return;
	}
	if (v->log_count < ARRAY_SIZE(v->log))
		v->log[v->log_count++] = *log;
}

int views_new(const struct genesis *g, struct views **ret)
{
	struct views *v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	views_trust(v, &g->log);
	pthread_mutex_init(&v->lock, NULL);
	*ret = v;
	return 0;
}

void views_free(struct views *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->view_count; i++) {
		fleet_tree_free(v->view[i].tree);
		buf_done(&v->view[i].note);
	}
	for (size_t i = 0; i < v->count; i++)
		buf_done(&v->sighting[i].note);
	free(v->sighting);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

void views_freep(struct views **v)
{
	views_free(*v);
}

void views_result_done(struct views_result *r)
{
	findings_done(&r->findings);
	buf_done(&r->evidence);
}

/* The next sighting's place; NULL when there are more than are kept. */
static int next_sighting(struct views *v, struct sighting **ret)
{
	*ret = NULL;
	if (v->count == SIGHTINGS_MAX) {
		v->passed_over++;
		return 0;
	}
	if (v->count == v->cap) {
		size_t cap = MAX(v->cap * 2, (size_t)16);
		struct sighting *grown = reallocarray(v->sighting, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		v->sighting = grown;
		v->cap = cap;
	}
	*ret = &v->sighting[v->count++];
	return 0;
}

static int find_signer(const struct views *v, struct span note, struct checkpoint *ret,
                       const struct key **ret_log)
{
	int r = -ENOKEY;
	for (size_t i = 0; r < 0 && r != -ENOMEM && i < v->log_count; i++) {
		r = checkpoint_verify_fleet(note, &v->log[i], false, ret);
		*ret_log = &v->log[i];
	}
	return r;
}

int views_add_note(struct views *v, unsigned input, struct span note, struct fleet_head *ret)
{
	struct checkpoint c;
	struct sighting *s;
	const struct key *log = NULL;
	int r = find_signer(v, note, &c, &log);
	if (r == 0)
		r = next_sighting(v, &s);
	if (r < 0)
		return r;
	*ret = (struct fleet_head){ .size = c.size, .root = c.root, .generation = c.generation };
	if (!s)
		return 0;
	*s = (struct sighting){ .input = input, .log = *log, .head = *ret };
	buf_put(&s->note, note.data, note.len);
	return buf_err(&s->note);
}

int views_add_head(struct views *v, unsigned input, const char *origin, uint64_t index,
                   const struct fleet_head *head)
{
	struct sighting *s;
	pthread_mutex_lock(&v->lock);
	int r = next_sighting(v, &s);
	if (r == 0 && s) {
		*s = (struct sighting){ .input = input, .head = *head, .index = index };
		snprintf(s->origin, sizeof(s->origin), "%s", origin);
	}
	pthread_mutex_unlock(&v->lock);
	return r;
}

int views_add_store(struct views *v, unsigned input, struct fleet_tree *tree,
                    const struct generations *generations, struct span note)
{
	struct fleet_head head;
	if (v->view_count == VIEWS_MAX) {
		fleet_tree_free(tree);
		v->passed_over++;
		return 0;
	}
	struct view *one = &v->view[v->view_count++];
	*one = (struct view){ .input = input, .tree = tree, .generations = *generations };
	/* It is a sighting for the other stores, too. */
	int r = note.len ? views_add_note(v, input, note, &head) : 0;
	if (r == -EBADMSG || r == -ENOKEY || note.len == 0)
		return 0;
	const struct key *log = NULL;
	struct checkpoint c;
	if (r == 0 && find_signer(v, note, &c, &log) == 0)
		one->log = *log;
	buf_put(&one->note, note.data, note.len);
	return r < 0 ? r : buf_err(&one->note);
}

struct comparing {
	const struct views *views;
	const char *const *names;
	struct views_result *result;
};

static void put_from(const struct comparing *k, unsigned input, char ret[SPLIT_VIEW_FROM_MAX + 1])
{
	int n = snprintf(ret, SPLIT_VIEW_FROM_MAX + 1, "input %u: %s", input, k->names[input - 1]);
	for (int i = 0; i < n && i < SPLIT_VIEW_FROM_MAX; i++) {
		if (ret[i] < 0x20 || ret[i] > 0x7e)
			ret[i] = '?';
	}
}

/* `root` and `proof` as in the file; proof_len 0 and root NULL where the sizes are equal. */
static void put_evidence(const struct comparing *k, const struct sighting *first, unsigned input,
                         const struct key *log, struct span second, struct split_view *v)
{
	char from[2][SPLIT_VIEW_FROM_MAX + 1];
	put_from(k, first->input, from[0]);
	put_from(k, input, from[1]);
	for (int i = 0; i < 2; i++)
		v->view[i] = (struct view_note){ .from = { (const uint8_t *)from[i], strlen(from[i]) },
			                         .log = i ? *log : first->log };
	v->view[0].note = (struct span){ first->note.data, first->note.len };
	v->view[1].note = second;
	if (split_view_check(v) == SPLIT_VIEW_PROVEN && k->result->evidence.len == 0)
		split_view_put(&k->result->evidence, v);
}

/* A checkpoint against a tree that has another root at its size: the tree's newest checkpoint convicts. */
static int convict(const struct comparing *k, const struct sighting *s, const struct view *view,
                   const struct hash *root)
{
	struct split_view evidence = { .root = *root };
	struct note n;
	struct checkpoint c;
	struct span note = { view->note.data, view->note.len };
	if (s->note.len == 0 || note.len == 0 || note_parse(note, &n) < 0 ||
	    checkpoint_parse(n.text, &c) < 0 || c.size > fleet_tree_size(view->tree))
		return 0;
	evidence.has_root = c.size > s->head.size;
	int r = evidence.has_root ? merkle_prove_consistency(fleet_tree_node, view->tree, s->head.size,
	                                                     c.size, evidence.proof, &evidence.proof_len)
	                          : 0;
	if (r == 0)
		put_evidence(k, s, view->input, &view->log, note, &evidence);
	return r;
}

static struct place place_of(const struct sighting *s)
{
	struct place at = { .origin = s->origin, .has_index = s->origin[0] != 0 };
	at.first = at.last = s->index;
	return at;
}

static int compare_with_store(const struct comparing *k, const struct sighting *s, const struct view *view)
{
	struct place at = place_of(s);
	unsigned long long size = s->head.size, have = fleet_tree_size(view->tree);
	const char *what = s->note.len ? "checkpoint" : "fleet head in a seal";
	struct hash root;
	if (s->input == view->input)
		return 0;
	size_t row;
	if (generations_lost(&view->generations, &s->head, &row)) {
		find(&k->result->findings, VERDICT_ROLLED_BACK, &at,
		     "input %u was restored from a copy of %llu fleet entries, but input %u holds a %s of "
		     "%llu",
		     view->input, (unsigned long long)view->generations.row[row].start, s->input, what, size);
		return 0;
	}
	if (size > have) {
		find(&k->result->findings, VERDICT_TRUNCATED, &at,
		     "input %u has %llu fleet entries, but input %u holds a %s of %llu", view->input, have,
		     s->input, what, size);
		return 0;
	}
	int r = fleet_tree_root(view->tree, size, &root);
	if (r < 0 || hash_equal(&root, &s->head.root))
		return r;
	find(&k->result->findings, VERDICT_SPLIT_VIEW, &at,
	     "the fleet log of input %u never had the %s of size %llu that input %u holds", view->input, what,
	     size, s->input);
	return convict(k, s, view, &root);
}

static int by_size(const void *a, const void *b)
{
	const struct sighting *const *x = a, *const *y = b;
	if ((*x)->head.size != (*y)->head.size)
		return (*x)->head.size < (*y)->head.size ? -1 : 1;
	/* Signed ones first: they are what the others are compared with. */
	if ((*x)->note.len != 0 && (*y)->note.len == 0)
		return -1;
	if ((*x)->note.len == 0 && (*y)->note.len != 0)
		return 1;
	return *x < *y ? -1 : *x > *y;
}

static void compare_pair(const struct comparing *k, const struct sighting *a, const struct sighting *b)
{
	struct split_view evidence = { 0 };
	struct place at = place_of(b);
	/* Generations may differ behind what the later one went on from; a store would tell. */
	if (a->head.size != b->head.size || hash_equal(&a->head.root, &b->head.root) ||
	    MAX(a->head.generation, (uint64_t)1) != MAX(b->head.generation, (uint64_t)1))
		return;
	find(&k->result->findings, VERDICT_SPLIT_VIEW, &at,
	     "inputs %u and %u hold different roots of the fleet log at size %llu", a->input, b->input,
	     (unsigned long long)a->head.size);
	if (a->note.len && b->note.len)
		put_evidence(k, a, b->input, &b->log, (struct span){ b->note.data, b->note.len }, &evidence);
}

/* Each with the first of its size: one that differs from any differs from that one, or that one does. */
static int compare_with_each_other(const struct comparing *k)
{
	const struct views *v = k->views;
	cleanup_free const struct sighting **order = calloc(MAX(v->count, (size_t)1), sizeof(*order));
	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < v->count; i++)
		order[i] = &v->sighting[i];
	qsort(order, v->count, sizeof(*order), by_size);
	for (size_t i = 1, first = 0; i < v->count; i++) {
		if (order[i]->head.size != order[first]->head.size)
			first = i;
		else
			compare_pair(k, order[first], order[i]);
	}
	return 0;
}

int views_compare(struct views *v, const char *const *names, struct views_result *ret)
{
	cleanup_views_result struct views_result result = { .stores = v->view_count,
		                                            .passed_over = v->passed_over };
	struct comparing k = { .views = v, .names = names, .result = &result };
	int r = 0;
	for (size_t i = 0; r == 0 && i < v->count; i++) {
		result.signed_heads += v->sighting[i].note.len != 0;
		result.seal_heads += v->sighting[i].note.len == 0;
		for (size_t n = 0; r == 0 && n < v->view_count; n++)
			r = compare_with_store(&k, &v->sighting[i], &v->view[n]);
	}
	/* With a store each was compared with all that it has. */
	if (r == 0 && v->view_count == 0)
		r = compare_with_each_other(&k);
	if (r == 0)
		r = buf_err(&result.evidence);
	if (r < 0)
		return r;
	*ret = result;
	result = (struct views_result){ 0 };
	return 0;
}
