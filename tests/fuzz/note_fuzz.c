/* Any bytes as a note, a checkpoint, a key: what was taken is written back to the same bytes. */
#include "evidence/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void try_keys(struct span in)
{
	cleanup_buf struct buf b = { 0 };
	struct key k;
	struct signer s;
	if (key_parse(in, &k) == 0) {
		key_put(&b, &k);
		must(span_equal(in, (struct span){ b.data, b.len }));
	}
	if (signer_parse(in, &s) == 0)
		signer_wipe(&s);
}

static void try_checkpoint(struct span text)
{
	cleanup_buf struct buf b = { 0 };
	char origin[KEY_NAME_MAX + 1] = "";
	struct checkpoint c;
	if (checkpoint_parse(text, &c) < 0 || c.origin.len > KEY_NAME_MAX ||
	    memchr(c.origin.data, 0, c.origin.len))
		return;
	memcpy(origin, c.origin.data, c.origin.len);
	checkpoint_put_text(&b, origin, c.size, &c.root);
	must(span_equal(text, (struct span){ b.data, b.len }));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { data, size };
	struct note n;
	struct note_signature s;
	uint64_t verified;
	static const struct key nobody = { .name = "nobody", .type = KEY_TYPE_ED25519 };
	try_keys(in);
	try_checkpoint(in);
	if (note_parse(in, &n) < 0)
		return 0;
	try_checkpoint(n.text);
	size_t count = note_signature_count(&n);
	must(count > 0 && count <= NOTE_MAX_SIGNATURES);
	for (size_t i = 0; i < count; i++)
		must(note_signature(&n, i, &s));
	must(!note_signature(&n, count, &s));
	must(note_verify(&n, &nobody, 1, &verified) < 0);
	return 0;
}
