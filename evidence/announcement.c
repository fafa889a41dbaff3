#include "evidence/announcement.h"

enum { SEAL_LINE = 0, IDENTITY_LINE = 1, LINES = 2 };

static bool line_is_by(const struct note *n, size_t i, const char *name)
{
	struct note_signature s;
	return note_signature(n, i, &s) && span_is(s.name, name);
}

int announcement_parse(struct span note, struct announcement *ret)
{
	struct note n;
	struct checkpoint c;
	struct announcement a = { 0 };
	char seal[KEY_NAME_MAX + 1], identity[KEY_NAME_MAX + 1];
	if (note.len > ANNOUNCEMENT_MAX_BYTES || note_parse(note, &n) < 0 ||
	    checkpoint_parse(n.text, &c) < 0 || origin_parse(c.origin, &a.origin) < 0 || c.size == 0)
		return -EBADMSG;
	origin_seal_name(&a.origin, seal);
	origin_identity_name(&a.origin, identity);
	if (note_signature_count(&n) != LINES || !line_is_by(&n, SEAL_LINE, seal) ||
	    !line_is_by(&n, IDENTITY_LINE, identity))
		return -EBADMSG;
	a.size = c.size;
	a.root = c.root;
	*ret = a;
	return 0;
}

bool announcement_signed_by(struct span note, const struct key *identity)
{
	struct note n;
	return note_parse(note, &n) == 0 && note_signed_by(&n, IDENTITY_LINE, identity);
}
