#include "cli/export_fleet.h"

#include "cli/command.h"
#include "cli/file_tree.h"
#include "cli/tile_dir.h"
#include "evidence/fleet.h"
#include "evidence/generation.h"
#include "evidence/policy.h"
#include "evidence/record.h"
#include "evidence/roll.h"

struct export_fleet {
	int dirfd;
	const struct genesis *genesis;
	struct roll roll; /* of the fleet's own statements: its policy and its log's key */
	struct tile_dir *tiles;
	struct buf note;
	struct checkpoint head; /* of it */
	uint64_t generation;    /* whose name it bears */
	uint64_t next;          /* index */
};

void export_fleet_free(struct export_fleet *f)
{
	if (!f)
		return;
	roll_done(&f->roll);
	tile_dir_free(f->tiles);
	buf_done(&f->note);
	free(f);
}

static void free_fleet(struct export_fleet **f)
{
	export_fleet_free(*f);
}

int export_fleet_new(int dirfd, const struct genesis *genesis, struct span note, struct export_fleet **ret)
{
	cleanup(free_fleet) struct export_fleet *f = calloc(1, sizeof(*f));
	struct note n;
	if (!f)
		return -ENOMEM;
	f->dirfd = dirfd;
	f->genesis = genesis;
	roll_init(&f->roll, genesis);
	buf_put(&f->note, note.data, note.len);
	int r = buf_err(&f->note);
	if (r == 0)
		r = note_parse(buf_span(&f->note), &n) < 0 || checkpoint_parse(n.text, &f->head) < 0
		            ? -EBADMSG
		            : 0;
	if (r == 0)
		r = tile_dir_new(dirfd, "fleet", true, &f->tiles);
	if (r == 0)
		*ret = TAKE_PTR(f);
	return r;
}

/* Those that rule the fleet log itself; what hosts are is not asked here. */
static int take_own(struct export_fleet *f, const struct statement *s, uint64_t time_us)
{
	struct standing nobody = { 0 };
	const struct log_point none = { 0 };
	if (s->kind != STATEMENT_POLICY && s->kind != STATEMENT_LOG_KEY)
		return 0;
	if (f->next > f->head.size || roll_refuses(&f->roll, s, NULL, &none, time_us))
		return 0;
	return roll_take(&f->roll, s, &nobody, f->next - 1, time_us);
}

static int take_statement(struct export_fleet *f, const struct fleet_entry *e, struct statement *ret)
{
	int r = statement_parse(e->note, f->genesis, ret);
	if (r == 0)
		return take_own(f, ret, e->time_us);
	ret->kind = STATEMENT_UNKNOWN;
	return r == -ENOMEM ? r : 0;
}

int export_fleet_record(struct export_fleet *f, struct span payload, struct statement *ret_statement)
{
	struct fleet_record record;
	struct fleet_entry e;
	struct hash leaf;
	ret_statement->kind = STATEMENT_UNKNOWN;
	if (fleet_record_parse(payload, &record) < 0 || record.index != f->next) {
		command_fail(
		        "entry %llu of the fleet log is not where it belongs; 'swornlog verify' says more",
		        (unsigned long long)f->next);
		return -EBADMSG;
	}
	f->next++;
	if (fleet_parse_entry(record.entry, &e) == 0 && e.kind == FLEET_STATEMENT) {
		int r = take_statement(f, &e, ret_statement);
		if (r < 0)
			return r;
	}
	if (record.index >= f->head.size)
		return 0;
	merkle_leaf(record.entry, &leaf);
	return tile_dir_add(f->tiles, record.entry, &leaf);
}

static int check(struct export_fleet *f)
{
	const struct frontier *tree = tile_dir_tree(f->tiles);
	struct checkpoint head;
	struct hash root;
	frontier_root(tree, &root);
	if (tree->size != f->head.size || !hash_equal(&root, &f->head.root)) {
		command_fail("the entries of the fleet log do not make its published checkpoint; 'swornlog "
		             "verify' "
		             "says more");
		return -EBADMSG;
	}
	if (checkpoint_verify_fleet(buf_span(&f->note), &f->roll.log, false, &head) < 0) {
		command_fail("the published checkpoint is not signed by the fleet log's key");
		return -EBADMSG;
	}
	f->generation = head.generation;
	return 0;
}

/* A policy may leave the logs to its reader: then this one is named above it. */
static int put_policy(const struct export_fleet *f, struct span text, struct buf *ret)
{
	cleanup_policy struct policy *p = NULL;
	struct policy_verdict verdict;
	char error[256] = "";
	int r = policy_parse(text, &p, error, sizeof(error));
	if (r == -EINVAL)
		command_fail("the policy: %s", error);
	if (r < 0)
		return r;
	r = policy_check(p, buf_span(&f->note), &f->roll.log, &verdict);
	if (r == -ENOKEY) {
		command_fail("the policy lists logs, and this fleet's is not among them");
		return -EINVAL;
	}
	if (r < 0 || !verdict.quorum)
		command_fail(
		        "take note: the published checkpoint lacks cosignatures that the policy asks for");
	if (!policy_log(p, 0)) {
		struct key log;
		r = generation_key(&f->roll.log, f->generation, &log);
		if (r < 0)
			return r;
		buf_put_str(ret, "log ");
		key_put(ret, &log);
		buf_put_u8(ret, '\n');
	}
	buf_put(ret, text.data, text.len);
	return buf_err(ret);
}

/* That of the newest statement, without the words before its lines. */
static void put_own_policy(const struct export_fleet *f, struct buf *ret)
{
	struct span lines = buf_span(&f->roll.policy), line;
	while (line_take(&lines, &line)) {
		buf_put(ret, line.data, line.len);
		buf_put_u8(ret, '\n');
	}
	if (ret->len == 0)
		buf_put_str(ret, "quorum none\n");
}

static int write_policy(const struct export_fleet *f, struct span policy)
{
	cleanup_buf struct buf own = { 0 }, text = { 0 };
	if (policy.len == 0) {
		put_own_policy(f, &own);
		policy = buf_span(&own);
	}
	int r = put_policy(f, policy, &text);
	return r < 0 ? r : file_tree_write(f->dirfd, "fleet/policy", buf_span(&text));
}

int export_fleet_finish(struct export_fleet *f, struct span policy, struct buf *lines)
{
	int r = check(f);
	if (r == 0)
		r = write_policy(f, policy);
	if (r == 0)
		r = tile_dir_finish(f->tiles, buf_span(&f->note));
	buf_printf(lines, "fleet: %llu entries\n", (unsigned long long)f->head.size);
	return r;
}
