#include "verify/generations.h"

int generations_add(struct generations *g, const struct restored *r)
{
	if (g->len == GENERATIONS_MAX)
		return -E2BIG;
	g->row[g->len].number = r->generation;
	g->row[g->len++].start = r->size;
	return 0;
}

uint64_t generations_newest(const struct generations *g)
{
	return g->len ? g->row[g->len - 1].number : 1;
}

uint64_t generations_at(const struct generations *g, uint64_t size)
{
	uint64_t number = 1;
	for (size_t i = 0; i < g->len && g->row[i].start < size; i++)
		number = g->row[i].number;
	return number;
}

bool generations_lost(const struct generations *g, const struct fleet_head *head, size_t *ret)
{
	uint64_t number = MAX(head->generation, (uint64_t)1);
	for (size_t i = 0; i < g->len; i++) {
		if (number >= g->row[i].number || head->size <= g->row[i].start)
			continue;
		*ret = i;
		return true;
	}
	return false;
}
