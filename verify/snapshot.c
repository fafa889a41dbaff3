#include "lib/cbor.h"
#include "verify/store_file.h"

/* One host's row. False: something does not fit. */
static bool check_host(const struct store_check *s, struct cursor *c, char before[LABEL_MAX + 1])
{
	char label[LABEL_MAX + 1] = "";
	if (cbor_array(c) != 10)
		return false;
	struct span name = cbor_bytes(c);
	cbor_bytes(c); /* identity */
	cbor_bytes(c); /* certificate */
	uint64_t epoch = cbor_uint(c), size = cbor_uint(c);
	for (int i = 0; i < 5; i++)
		cbor_skip(c);
	if (c->err || !label_ok(name))
		return false;
	memcpy(label, name.data, name.len);
	if (strcmp(before, label) >= 0)
		return false;
	memcpy(before, label, sizeof(label));
	const struct log_host *host = hosts_find(s->hosts, label);
	if (!host || host->newest_epoch != epoch)
		return false;
	for (size_t i = 0; i < host->epoch_count; i++) {
		if (host->epoch[i]->origin.epoch == epoch)
			return host->epoch[i]->committed_size == size;
	}
	return epoch == 0 && size == 0;
}

static bool check_hosts(const struct store_check *s, struct cursor *c)
{
	char before[LABEL_MAX + 1] = "";
	size_t n = cbor_array(c);
	if (n != s->hosts->count)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!check_host(s, c, before))
			return false;
	}
	return true;
}

void snapshot_check(const struct store_check *s, const struct place *at, struct span payload)
{
	struct cursor c;
	cursor_init(&c, payload.data, payload.len);
	size_t items = cbor_array(&c);
	uint64_t size = cbor_uint(&c);
	cbor_skip(&c); /* frontier: the sink's own need */
	struct span note = cbor_bytes(&c);
	if (c.err || items != 5) {
		find(s->findings, VERDICT_ALTERED, at, "not a snapshot");
		return;
	}
	if (s->fleet->broken)
		return;
	struct span newest = { s->fleet->note.data, s->fleet->note.len };
	if (size != s->fleet->next_index || !span_equal(note, newest))
		find(s->findings, VERDICT_ALTERED, at,
		     "the snapshot's fleet log is not the one before this journal");
	bool hosts = check_hosts(s, &c);
	cbor_skip(&c); /* the roll: likewise */
	if (!hosts || cursor_finish(&c) < 0)
		find(s->findings, VERDICT_ALTERED, at,
		     "the snapshot's hosts are not those before this journal");
}
