#include "lib/keyword.h"

/* A state's number fits beside the mark that it completes a word. */
#define STATES_MAX 0x7fffu
#define COMPLETES  0x8000u
#define CLASSES    64u /* of bytes: those that stand in no word share the first */

struct keyword_set {
	uint8_t class_of[256];
	size_t states;
	uint16_t *next;             /* [state][class]: the state after that byte, perhaps with COMPLETES */
	struct keyword_hits *owned; /* [state]: whose words end there */
};

static uint8_t fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static uint16_t *step(const struct keyword_set *set, size_t state, uint8_t byte)
{
	return &set->next[state * CLASSES + set->class_of[byte]];
}

/* Bytes beyond the classes that there are make a set that can't be built. */
static int classify(struct keyword_set *set, const char *word, uint8_t *used)
{
	for (const char *c = word; *c; c++) {
		uint8_t byte = fold((uint8_t)*c);
		if (set->class_of[byte])
			continue;
		if (*used == CLASSES - 1)
			return -E2BIG;
		set->class_of[byte] = ++*used;
		if (byte >= 'a' && byte <= 'z')
			set->class_of[byte - ('a' - 'A')] = *used;
	}
	return 0;
}

static void plant(struct keyword_set *set, const struct keyword *k)
{
	size_t state = 0;
	for (const char *c = k->word; *c; c++) {
		uint16_t *to = step(set, state, (uint8_t)*c);
		if (!*to)
			*to = (uint16_t)set->states++;
		state = *to;
	}
	set->owned[state].bits[k->owner / 64] |= UINT64_C(1) << (k->owner % 64);
}

/* Breadth first: a state's fallback is shorter than itself, so it is complete by the time it is needed. */
static void complete(struct keyword_set *set, uint16_t *queue, uint16_t *fallback)
{
	size_t head = 0, tail = 0;
	for (size_t c = 0; c < CLASSES; c++)
		if (set->next[c])
			queue[tail++] = set->next[c];
	while (head < tail) {
		size_t state = queue[head++];
		for (size_t i = 0; i < ARRAY_SIZE(set->owned->bits); i++)
			set->owned[state].bits[i] |= set->owned[fallback[state]].bits[i];
		for (size_t c = 0; c < CLASSES; c++) {
			uint16_t *to = &set->next[state * CLASSES + c];
			uint16_t back = set->next[fallback[state] * CLASSES + c];
			if (*to) {
				fallback[*to] = back;
				queue[tail++] = *to;
			} else {
				*to = back;
			}
		}
	}
}

static void mark_ends(struct keyword_set *set)
{
	for (size_t i = 0; i < set->states * CLASSES; i++)
		if (keyword_hits_any(&set->owned[set->next[i]]))
			set->next[i] |= COMPLETES;
}

static void free_set(struct keyword_set **set)
{
	keyword_set_free(*set);
}

/* At most one state a byte, and the root. */
static int count_bytes(struct keyword_set *set, const struct keyword *words, size_t count, size_t *ret)
{
	uint8_t used = 0;
	size_t bytes = 1;
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(words[i].word);
		if (len == 0 || len > KEYWORD_MAX_BYTES)
			return -EINVAL;
		bytes += len;
		int err = bytes > STATES_MAX ? -E2BIG : classify(set, words[i].word, &used);
		if (err)
			return err;
	}
	*ret = bytes;
	return 0;
}

int keyword_set_new(const struct keyword *words, size_t count, struct keyword_set **ret)
{
	size_t bytes;
	struct keyword_set *set cleanup(free_set) = calloc(1, sizeof(*set));
	if (!set)
		return -ENOMEM;
	int err = count_bytes(set, words, count, &bytes);
	if (err)
		return err;
	cleanup_free uint16_t *queue = calloc(bytes, sizeof(*queue));
	cleanup_free uint16_t *fallback = calloc(bytes, sizeof(*fallback));
	set->next = calloc(bytes * CLASSES, sizeof(*set->next));
	set->owned = calloc(bytes, sizeof(*set->owned));
	if (!queue || !fallback || !set->next || !set->owned)
		return -ENOMEM;
	set->states = 1;
	for (size_t i = 0; i < count; i++)
		plant(set, &words[i]);
	complete(set, queue, fallback);
	mark_ends(set);
	*ret = TAKE_PTR(set);
	return 0;
}

void keyword_set_free(struct keyword_set *set)
{
	if (!set)
		return;
	free(set->next);
	free(set->owned);
	free(set);
}

void keyword_find(const struct keyword_set *set, struct span text, struct keyword_hits *hits)
{
	size_t state = 0;
	for (size_t i = 0; i < text.len; i++) {
		uint16_t to = *step(set, state, text.data[i]);
		state = to & STATES_MAX;
		if (to & COMPLETES)
			for (size_t k = 0; k < ARRAY_SIZE(hits->bits); k++)
				hits->bits[k] |= set->owned[state].bits[k];
	}
}
