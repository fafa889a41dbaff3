/* Any bytes as a journal or a segment: a report comes of it, whatever they are.
 *
 * The first byte chooses: journal or segment, the last of the store or not, bytes as they are or records
 * framed with fitting check bytes (so that the fuzzer gets behind them). */
#include "tests/support/host_log.h"
#include "verify/store_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void frame_records(struct cursor *c, bool segment, struct buf *out)
{
	struct record_file f = { .segment = segment, .number = 1 };
	record_put_file_header(out, &f);
	while (!c->err && cursor_left(c) > 3) {
		enum record_type type = (enum record_type)(RECORD_BATCH + cursor_u8(c) % 4);
		size_t n = MIN((size_t)cursor_u16be(c), cursor_left(c));
		record_put(out, &f, out->len, type, cursor_bytes(c, n));
	}
	if (segment) {
		buf_put_u64be(out, out->len);
		buf_put_str(out, "swlsegm1");
	}
}

static void enrol_a_host(const struct test_fleet *fleet, struct hosts *hosts)
{
	struct host_log h;
	struct statement e;
	cleanup_buf struct buf note = { 0 };
	host_log_init(&h, fleet->name, "web", 1);
	test_fleet_enrol(fleet, &h, &note);
	if (enrolment_parse((struct span){ note.data, note.len }, &fleet->genesis, &e) < 0 ||
	    hosts_enrol(hosts, &e) < 0)
		abort();
}

static void check(const struct test_fleet *fleet, struct span bytes, uint8_t how)
{
	struct fleet_tree *tree = NULL;
	struct hosts hosts;
	struct fleet_check log;
	cleanup_findings struct findings findings = { 0 };
	struct span anchor = { fleet->genesis_note.data, fleet->genesis_note.len };
	if (fleet_tree_new(&tree) < 0 || hosts_init(&hosts, &fleet->genesis, &findings, tree, NULL) < 0)
		abort();
	enrol_a_host(fleet, &hosts);
	fleet_check_init(&log, &fleet->genesis, anchor, &findings, &hosts, tree, NULL);
	struct store_check store = { .dirfd = -1, .findings = &findings, .hosts = &hosts, .fleet = &log };
	int r = store_file_check_bytes(&store, bytes, how & 1, 1, how & 2);
	if (r < 0 && r != -ENOMEM)
		abort();
	if (hosts_finish(&hosts) < 0)
		abort();
	fleet_check_done(&log);
	hosts_done(&hosts);
	fleet_tree_free(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct test_fleet fleet;
	if (!fleet.genesis_note.data)
		test_fleet_init(&fleet, "acme");
	if (size < 1)
		return 0;
	struct cursor c;
	cleanup_buf struct buf framed = { 0 };
	cursor_init(&c, data + 1, size - 1);
	if (data[0] & 4)
		frame_records(&c, data[0] & 1, &framed);
	struct span bytes =
	        data[0] & 4 ? (struct span){ framed.data, framed.len } : (struct span){ data + 1, size - 1 };
	check(&fleet, bytes, data[0]);
	return 0;
}
