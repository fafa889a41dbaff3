/* The signatures of fleet checkpoints: the dear part of the fleet log, so they wait until the threads that
 * check the file's batches can share them. */
#include "verify/fleet.h"
#include "verify/statements.h"

#define NOTES_ORDER ((uint64_t)1 << 63)

int fleet_keep_note(struct fleet_check *k, const struct place *at, const struct fleet_record *record)
{
	if (k->pending_len == k->pending_cap) {
		size_t cap = MAX(k->pending_cap * 2, (size_t)64);
		struct fleet_note *grown = reallocarray(k->pending, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		k->pending = grown;
		k->pending_cap = cap;
	}
	k->pending[k->pending_len++] = (struct fleet_note){ .offset = at->offset,
		                                            .index = record->index,
		                                            .time_us = k->last_time_us,
		                                            .at = k->notes.len,
		                                            .len = record->note.len };
	buf_put(&k->notes, record->note.data, record->note.len);
	buf_reset(&k->note);
	buf_put(&k->note, record->note.data, record->note.len);
	return buf_err(&k->notes) ? buf_err(&k->notes) : buf_err(&k->note);
}

int fleet_check_notes(const struct fleet_check *k, const char *file, size_t from, size_t of,
                      struct findings *f)
{
	for (size_t i = from; i < k->pending_len; i += of) {
		const struct fleet_note *n = &k->pending[i];
		int r = statements_check_note(k->hosts, (struct span){ k->notes.data + n->at, n->len },
		                              n->index + 1, n->time_us, false);
		if (r == -ENOMEM)
			return r;
		f->order = NOTES_ORDER + n->offset; /* behind all that is found in batches */
		if (r < 0)
			find(f, VERDICT_WRONGLY_SEALED,
			     &(struct place){ .file = file,
			                      .has_offset = true,
			                      .offset = n->offset,
			                      .origin = k->name,
			                      .has_index = true,
			                      .first = n->index,
			                      .last = n->index },
			     "the checkpoint is not signed by the fleet log");
	}
	return 0;
}

void fleet_check_next_file(struct fleet_check *k)
{
	buf_reset(&k->notes);
	k->pending_len = 0;
}
