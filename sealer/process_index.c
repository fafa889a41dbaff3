#include "sealer/process_index.h"

#include "evidence/entry.h"

/* Open addressing, at most half full; number 0 marks a free cell (INTAKE_NO_PROCESS is never stored). */
#define CELLS (2 * PROCESS_INDEX_MAX)

struct cell {
	uint64_t number;
	uint64_t leaf;
};

struct process_index {
	struct cell cell[CELLS];
	size_t used;
	uint64_t highest;
};

int process_index_new(struct process_index **ret)
{
	struct process_index *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	*ret = p;
	return 0;
}

void process_index_free(struct process_index *p)
{
	free(p);
}

void process_index_clear(struct process_index *p)
{
	memset(p, 0, sizeof(*p));
}

static size_t home(uint64_t number)
{
	return (size_t)(number * 0x9e3779b97f4a7c15u >> 40) % CELLS;
}

static size_t find(const struct process_index *p, uint64_t number)
{
	size_t i = home(number);
	while (p->cell[i].number != 0 && p->cell[i].number != number)
		i = (i + 1) % CELLS;
	return i;
}

void process_index_remove(struct process_index *p, uint64_t number)
{
	size_t hole = find(p, number);
	if (number == 0 || p->cell[hole].number == 0)
		return;
	p->used--;
	/* Move later members of the run into the hole, so that no search stops short of them. */
	for (size_t i = (hole + 1) % CELLS; p->cell[i].number != 0; i = (i + 1) % CELLS) {
		size_t from_home = (i + CELLS - home(p->cell[i].number)) % CELLS;
		size_t from_hole = (i + CELLS - hole) % CELLS;
		if (from_home < from_hole)
			continue;
		p->cell[hole] = p->cell[i];
		hole = i;
	}
	p->cell[hole] = (struct cell){ 0 };
}

static void forget_oldest(struct process_index *p)
{
	uint64_t lowest = p->highest;
	for (size_t i = 0; i < CELLS; i++) {
		if (p->cell[i].number)
			lowest = MIN(lowest, p->cell[i].number);
	}
	uint64_t middle = lowest + (p->highest - lowest) / 2;
	for (size_t i = 0; i < CELLS;) {
		uint64_t n = p->cell[i].number;
		if (n && n <= middle)
			process_index_remove(p, n);
		else
			i++;
	}
}

void process_index_set(struct process_index *p, uint64_t number, uint64_t leaf)
{
	if (number == 0)
		return;
	if (p->used >= PROCESS_INDEX_MAX)
		forget_oldest(p);
	size_t i = find(p, number);
	p->used += p->cell[i].number == 0;
	p->cell[i] = (struct cell){ .number = number, .leaf = leaf };
	p->highest = MAX(p->highest, number);
}

uint64_t process_index_get(const struct process_index *p, uint64_t number)
{
	const struct cell *c = &p->cell[find(p, number)];
	return number != 0 && c->number == number ? c->leaf : ENTRY_NO_PROCESS;
}
