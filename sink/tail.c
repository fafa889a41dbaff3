#include "sink/tail.h"

/* What of the tail can still be read. */
struct tail {
	size_t notes;         /* groups end in these */
	bool broken_note;     /* the first record, which is damaged, ended a group */
	uint64_t batch_end;   /* of the last batch record */
	uint64_t fleet_at;    /* of the first fleet record; 0: none */
	uint64_t fleet_index; /* its */
};

static void see_fleet(struct tail *t, const struct fleet_record *f, uint64_t offset)
{
	t->notes += f->note.data ? 1 : 0;
	if (t->fleet_at)
		return;
	t->fleet_at = offset;
	t->fleet_index = f->index;
}

static int scan(struct journal_reader *r, struct tail *t)
{
	for (;;) {
		enum record_type type;
		struct span payload;
		struct fleet_record f;
		uint64_t offset;
		int e = journal_reader_find(r, &type, &payload, &offset);
		if (e <= 0)
			return e;
		if (type == RECORD_BATCH)
			t->batch_end = r->offset;
		else if (type == RECORD_FLEET && fleet_record_parse(payload, &f) == 0)
			see_fleet(t, &f, offset);
	}
}

/* The damaged record may still be readable enough to tell that a group ended there. */
static int see_broken(struct journal_reader *r, uint64_t offset, struct tail *t)
{
	struct span payload;
	struct fleet_record f;
	int e = journal_reader_peek(r, offset, &payload);
	if (e <= 0)
		return e;
	t->broken_note = fleet_record_parse(payload, &f) == 0 && f.note.data;
	return 0;
}

int tail_check(struct journal_reader *r, uint64_t offset, uint64_t next_index)
{
	struct tail t = { 0 };
	int e = see_broken(r, offset, &t);
	if (e == 0)
		e = scan(r, &t);
	if (e < 0)
		return e;
	if (t.notes > 1 || (t.notes == 1 && t.broken_note))
		return -EBADMSG;
	/* Fleet records are missing, but a batch stands right before the first that is there: they were in a
	 * group before this one. */
	bool skipped = t.fleet_at && t.fleet_index > next_index;
	return skipped && t.batch_end == t.fleet_at ? -EBADMSG : 0;
}
