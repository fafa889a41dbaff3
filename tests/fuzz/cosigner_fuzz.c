/* Any bytes as a request to a witness that has seen a log, and as its state: an answer of the protocol, a
 * cosignature only for what is stored, and nothing that makes it forget. */
#include <fcntl.h>

#include "evidence/cosignature.h"
#include "evidence/witness.h"
#include "tests/support/fault_env.h"
#include "tests/support/host_log.h"
#include "witness/cosigner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RUNS_PER_WORLD 500

static struct env *env;
static struct signer log_key, witness;
static struct policy *policy;
static struct store store;
static struct cosigner cosigner;
static unsigned runs;

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void read_policy(void)
{
	cleanup_buf struct buf b = { 0 };
	char error[128];
	buf_put_str(&b, "log ");
	key_put(&b, &log_key.key);
	buf_put_str(&b, "\nquorum none\n");
	must(policy_parse(buf_span(&b), &policy, error, sizeof(error)) == 0);
}

/* A log of one entry has been cosigned. */
static void show_first(void)
{
	cleanup_buf struct buf text = { 0 }, note = { 0 }, body = { 0 };
	cleanup_http_answer struct http_answer a = { 0 };
	struct hash root = { { 1 } };
	const struct signer *signers[] = { &log_key };
	checkpoint_put_text(&text, log_key.key.name, 1, &root);
	must(note_put(&note, buf_span(&text), signers, 1) == 0);
	must(witness_put_request(&body, 0, NULL, 0, buf_span(&note)) == 0);
	cosigner_add(&cosigner, buf_span(&body), &a);
	must(a.status == 200);
}

static void begin(void)
{
	char error[512];
	env = fault_env_new();
	fault_env_tick(env, 1795507200ull * 1000000);
	test_signer("acme/log", &log_key);
	test_cosigner("witness.example", &witness);
	read_policy();
	must(env->mkdir(env, AT_FDCWD, "store", 0700) == 0);
	must(store_create(env, "store", &witness.key, error, sizeof(error)) == 0);
	must(store_open(env, "store", &witness.key, &store, error, sizeof(error)) == 0);
	cosigner_init(&cosigner, &witness, policy, &store);
	show_first();
}

static void end(void)
{
	store_close(&store);
	policy_free(TAKE_PTR(policy));
	fault_env_free(TAKE_PTR(env));
	runs = 0;
}

static void try_request(struct span in)
{
	static const unsigned statuses[] = { 200, 400, 403, 404, 409, 413, 422 };
	cleanup_http_answer struct http_answer a = { 0 };
	bool known = false;
	uint64_t before = seen_newest_s(&store.seen), held = store.seen.row[0].checkpoint.size;
	cosigner_add(&cosigner, in, &a);
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		known = known || a.status == statuses[i];
	must(known && !a.body.err && a.body.len > 0);
	must(store.seen.count == 1 && store.seen.row[0].checkpoint.size >= held);
	must(a.status == 200 || seen_newest_s(&store.seen) == before);
}

/* Behind its head and before its sum, which are made good. */
static void try_state(struct span in)
{
	cleanup_buf struct buf b = { 0 }, again = { 0 };
	struct seen_list l;
	struct hash h;
	buf_put_str(&b, "swornlog-witness/v1\n");
	key_put(&b, &witness.key);
	buf_put_u8(&b, '\n');
	buf_put(&b, in.data, in.len);
	must(buf_err(&b) == 0);
	sha256(b.data, b.len, &h);
	buf_put_str(&b, "end ");
	for (size_t i = 0; i < sizeof(h.b); i++)
		buf_printf(&b, "%02x", h.b[i]);
	buf_put_u8(&b, '\n');
	if (seen_parse(buf_span(&b), &witness.key, &l) < 0)
		return;
	must(seen_put(&again, &witness.key, &l, NULL) == 0 && span_equal(buf_span(&again), buf_span(&b)));
	seen_list_done(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { data, size };
	if (!env)
		begin();
	try_request(in);
	try_state(in);
	if (++runs == RUNS_PER_WORLD)
		end();
	return 0;
}
