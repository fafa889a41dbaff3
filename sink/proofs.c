#include "sink/proofs.h"

static const struct proof *find(const struct proofs *p, bool consistency, uint64_t from)
{
	for (size_t i = 0; i < p->count; i++) {
		if (p->row[i].consistency == consistency && p->row[i].from == from)
			return &p->row[i];
	}
	return NULL;
}

int proofs_get(struct proofs *p, struct fleet_log *log, bool consistency, uint64_t from,
               const struct proof **ret)
{
	uint64_t size = log->frontier.size;
	if (p->size != size)
		*p = (struct proofs){ .size = size };
	*ret = find(p, consistency, from);
	if (*ret)
		return 0;
	struct proof *row = &p->row[p->next];
	row->consistency = consistency;
	row->from = from;
	int r = consistency ? merkle_prove_consistency(fleet_log_node, log, from, size, row->path, &row->len)
	                    : merkle_prove_inclusion(fleet_log_node, log, size, from, row->path, &row->len);
	if (r < 0) {
		/* The row was overwritten: forget it with the rest. */
		p->count = p->next = 0;
		return r;
	}
	p->next = (p->next + 1) % PROOFS_KEPT;
	p->count = MAX(p->count, p->next ? p->next : (size_t)PROOFS_KEPT);
	*ret = row;
	return 0;
}
