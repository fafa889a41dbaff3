#include <stdio.h>

#include "cli/command.h"
#include "cli/fleet_statement.h"
#include "cli/folder.h"
#include "cli/options.h"
#include "evidence/statement.h"
#include "lib/certify.h"
#include "lib/text.h"
#include "lib/tls.h"

#define CA_DAYS   3653
#define LEAF_DAYS 365

struct founding {
	struct folder folder;
	const char *sink_names;
	const char *registrar_names; /* NULL: the fleet has no registrar */
	struct genesis genesis;
	struct signer log, next_log, registrar;
	struct signer people[STATEMENT_MAX_PEOPLE]; /* as in the genesis statement */
};

static void founding_done(struct founding *f)
{
	signer_wipe(&f->log);
	signer_wipe(&f->next_log);
	signer_wipe(&f->registrar);
	for (size_t i = 0; i < STATEMENT_MAX_PEOPLE; i++)
		signer_wipe(&f->people[i]);
	folder_done(&f->folder);
}

static int write_signer(struct folder *folder, const char *name, const struct signer *s)
{
	struct buf b = { 0 };
	signer_put(&b, s);
	buf_put_u8(&b, '\n');
	int r = buf_err(&b);
	if (r == 0)
		r = folder_add(folder, name, (struct span){ b.data, b.len }, 0600);
	buf_wipe(&b);
	buf_done(&b);
	return r;
}

static int add_person(struct founding *f, const char *role, const char *label, size_t *count)
{
	size_t n = f->genesis.admin_count + f->genesis.auditor_count;
	char name[KEY_NAME_MAX + 1], file[FOLDER_NAME_MAX + 1];
	if (!label_ok(span_str(label))) {
		command_fail("'%s' can't be the name of an %s: 1 to %d of a-z, 0-9, '.' and '-'", label, role,
		             LABEL_MAX);
		return -EINVAL;
	}
	if (n == STATEMENT_MAX_PEOPLE) {
		command_fail("more than %d people", STATEMENT_MAX_PEOPLE);
		return -EINVAL;
	}
	snprintf(name, sizeof(name), "%s/%s/%s", f->genesis.fleet, role, label);
	snprintf(file, sizeof(file), "%s-%s.key", role, label);
	int r = signer_generate(env_system(), name, &f->people[n]);
	if (r < 0)
		return r;
	f->genesis.people[n] = f->people[n].key;
	(*count)++;
	return write_signer(&f->folder, file, &f->people[n]);
}

static int add_people(struct founding *f, const char *role, const struct option_list *labels, size_t *count)
{
	if (labels->count == 0)
		return add_person(f, role, "first", count);
	for (size_t i = 0; i < labels->count; i++) {
		int r = add_person(f, role, labels->item[i], count);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_log(struct founding *f)
{
	char name[KEY_NAME_MAX + 1];
	fleet_log_name(f->genesis.fleet, name);
	int r = signer_generate(env_system(), name, &f->log);
	if (r < 0)
		return r;
	f->genesis.log = f->log.key;
	r = write_signer(&f->folder, "fleet-log.key", &f->log);
	if (r == 0)
		r = signer_generate(env_system(), name, &f->next_log);
	if (r < 0)
		return r;
	f->genesis.has_next_log = true;
	log_key_hash(&f->next_log.key.pub, &f->genesis.next_log);
	return write_signer(&f->folder, "fleet-log-next.key", &f->next_log);
}

static int add_registrar(struct founding *f)
{
	char name[KEY_NAME_MAX + 1];
	if (!f->registrar_names)
		return 0;
	registrar_name(f->genesis.fleet, name);
	int r = signer_generate(env_system(), name, &f->registrar);
	if (r < 0)
		return r;
	f->genesis.has_registrar = true;
	f->genesis.registrar = f->registrar.key;
	return write_signer(&f->folder, "registrar.key", &f->registrar);
}

static int check_need(const struct genesis *g)
{
	const struct need *n = &g->need[STATEMENT_ENROL];
	if (genesis_need_possible(g, n) == 0)
		return 0;
	command_fail("an enrolment can't need %ju of %zu administrators and %ju of %zu auditors",
	             (uintmax_t)n->admins, g->admin_count, (uintmax_t)n->auditors, g->auditor_count);
	return -EINVAL;
}

/* "revoke:2:1" */
static int take_needs(struct genesis *g, const struct option_list *needs)
{
	for (size_t i = 0; i < needs->count; i++) {
		struct span rest;
		struct span all = { (const uint8_t *)needs->item[i], strlen(needs->item[i]) };
		enum statement_kind k = statement_kind_of(text_split(all, ':', &rest));
		struct span admins = text_split(rest, ':', &rest);
		struct need n = { .stated = true };
		if (k == STATEMENT_GENESIS || k == STATEMENT_UNKNOWN || text_decimal(admins, &n.admins) < 0 ||
		    text_decimal(rest, &n.auditors) < 0) {
			command_fail("--need '%s' is not a kind of statement and two numbers, as revoke:2:1",
			             needs->item[i]);
			return -EINVAL;
		}
		g->need[k] = n;
	}
	return 0;
}

static int write_genesis(struct founding *f)
{
	cleanup_buf struct buf text = { 0 }, note = { 0 };
	const struct signer *signers[STATEMENT_MAX_PEOPLE];
	size_t n = f->genesis.admin_count + f->genesis.auditor_count;
	for (size_t i = 0; i < n; i++)
		signers[i] = &f->people[i];
	int r = check_need(&f->genesis);
	if (r < 0)
		return r;
	f->genesis.time_s = env_system()->wall_us(env_system()) / 1000000;
	genesis_put_text(&text, &f->genesis);
	r = buf_err(&text);
	if (r == 0)
		r = note_put(&note, (struct span){ text.data, text.len }, signers, n);
	/* What every verifier will say of it, asked before it is handed out. */
	struct genesis again;
	if (r == 0)
		r = genesis_parse((struct span){ note.data, note.len }, &again);
	if (r < 0) {
		command_fail("the genesis statement could not be made: %s", strerror(-r));
		return r;
	}
	return folder_add(&f->folder, "genesis", (struct span){ note.data, note.len }, 0644);
}

static int write_key(struct folder *folder, const char *name, EVP_PKEY *key)
{
	struct buf b = { 0 };
	int r = certificate_put_key(&b, key);
	if (r == 0)
		r = folder_add(folder, name, (struct span){ b.data, b.len }, 0600);
	buf_wipe(&b);
	buf_done(&b);
	return r;
}

static int issue(struct founding *f, const struct certificate_plan *plan, const char *key_file,
                 const char *cert_file, X509 **ret)
{
	cleanup_certificate X509 *cert = NULL;
	cleanup_buf struct buf pem = { 0 };
	int r = certificate_issue(plan, &cert);
	if (r == 0)
		r = certificate_put(&pem, cert);
	if (r == 0)
		r = write_key(&f->folder, key_file, plan->key);
	if (r == 0)
		r = folder_add(&f->folder, cert_file, (struct span){ pem.data, pem.len }, 0644);
	if (r == 0)
		*ret = TAKE_PTR(cert);
	return r;
}

struct authority {
	X509 *cert;
	EVP_PKEY *key;
};

static int issue_server(struct founding *f, const struct authority *ca, enum certificate_use use,
                        const char *role, const char *names, const char *key_file)
{
	cleanup_key EVP_PKEY *key = NULL;
	cleanup_certificate X509 *cert = NULL;
	char uri[CERTIFICATE_URI_MAX + 1], cert_file[FOLDER_NAME_MAX + 1];
	snprintf(uri, sizeof(uri), "swornlog://%s/%s", f->genesis.fleet, role);
	snprintf(cert_file, sizeof(cert_file), "%s.crt", role);
	int r = certificate_key_new(&key);
	struct certificate_plan plan = { .use = use,
		                         .subject = role,
		                         .uri = uri,
		                         .names = names,
		                         .days = LEAF_DAYS,
		                         .key = key,
		                         .issuer = ca->cert,
		                         .issuer_key = ca->key };
	if (r == 0)
		r = issue(f, &plan, key_file, cert_file, &cert);
	if (r == -EINVAL)
		command_fail("--%s: '%s' is not a list of host names and addresses",
		             strcmp(role, "sink") == 0 ? "sink-name" : role, names);
	return r;
}

static int write_certificates(struct founding *f)
{
	cleanup_key EVP_PKEY *ca_key = NULL;
	cleanup_certificate X509 *cert = NULL;
	int r = certificate_key_new(&ca_key);
	struct certificate_plan plan = {
		.use = CERTIFICATE_CA, .subject = f->genesis.fleet, .days = CA_DAYS, .key = ca_key
	};
	if (r == 0)
		r = issue(f, &plan, "ca.key", "ca.crt", &cert);
	struct authority ca = { cert, ca_key };
	/* The sink is a server to hosts, and a client to witnesses. */
	if (r == 0)
		r = issue_server(f, &ca, CERTIFICATE_BOTH, "sink", f->sink_names, "sink.key");
	if (r == 0 && f->registrar_names)
		r = issue_server(f, &ca, CERTIFICATE_SERVER, "registrar", f->registrar_names,
		                 "registrar-tls.key");
	if (r == -EIO) {
		char reason[256];
		tls_error(reason, sizeof(reason));
		command_fail("a certificate could not be made: %s", reason);
	}
	return r;
}

static int found(struct founding *f, const char *dir, const struct option_list *admins,
                 const struct option_list *auditors)
{
	int r = folder_open(&f->folder, dir);
	if (r == 0)
		r = add_people(f, "admin", admins, &f->genesis.admin_count);
	if (r == 0)
		r = add_people(f, "auditor", auditors, &f->genesis.auditor_count);
	if (r == 0)
		r = add_log(f);
	if (r == 0)
		r = add_registrar(f);
	if (r == 0)
		r = write_genesis(f);
	if (r == 0)
		r = write_certificates(f);
	return r < 0 ? r : folder_commit(&f->folder);
}

static int fleet_init(int argc, char **argv)
{
	const char *dir, *fleet = NULL, *sink_names = "localhost,127.0.0.1,::1", *registrar_names = NULL;
	struct option_list admins = { 0 }, auditors = { 0 }, needs = { 0 };
	uint64_t need_admins = 1, need_auditors = 1;
	const struct option_row options[] = {
		{ "fleet", OPTION_TEXT, &fleet, "NAME", "the fleet's name", .required = true },
		{ "admin", OPTION_LIST, &admins, "NAME",
		  .help = "an administrator (default: first); repeatable" },
		{ "auditor", OPTION_LIST, &auditors, "NAME",
		  .help = "an auditor (default: first); repeatable" },
		{ "need-admins", OPTION_UINT, &need_admins, "N", "of whom so many sign an enrolment (1)",
		  .max = STATEMENT_MAX_PEOPLE },
		{ "need-auditors", OPTION_UINT, &need_auditors, "N", "likewise (1)",
		  .max = STATEMENT_MAX_PEOPLE },
		{ "sink-name", OPTION_TEXT, &sink_names, "NAMES",
		  .help = "names and addresses of the sink, with commas (localhost)" },
		{ "need", OPTION_LIST, &needs, "KIND:N:M",
		  .help = "N administrators and M auditors sign statements of this kind; repeatable" },
		{ "registrar", OPTION_TEXT, &registrar_names, "NAMES",
		  .help = "have a registrar, which enrolls hosts by join tokens: its names and addresses" },
	};
	const struct usage usage = {
		"swornlog fleet init",
		"DIR",
		"Founds a fleet: makes the keys of its people, of its log and of its certificate authority, "
		"the\n"
		"sink's certificate, and the genesis statement, which is everybody's trust anchor.",
		options,
		ARRAY_SIZE(options),
		1,
		1,
	};
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, &dir, &count, &status))
		return status;
	if (!command_label_ok("fleet", fleet))
		return COMMAND_USAGE;
	cleanup(founding_done) struct founding f = { .folder.fd = -1,
		                                     .sink_names = sink_names,
		                                     .registrar_names = registrar_names };
	f.genesis.need[STATEMENT_ENROL] =
	        (struct need){ .stated = true, .admins = need_admins, .auditors = need_auditors };
	snprintf(f.genesis.fleet, sizeof(f.genesis.fleet), "%s", fleet);
	if (take_needs(&f.genesis, &needs) < 0)
		return COMMAND_USAGE;
	if (found(&f, dir, &admins, &auditors) < 0)
		return COMMAND_FAILED;
	printf("fleet %s is founded in %s\n"
	       "  genesis                hand it to every host, to the sink and to the auditors\n"
	       "  admin-*, auditor-*     give each to its person, and remove it here\n"
	       "  ca.key                 keep it where hosts are enrolled\n"
	       "  fleet-log.key, sink.*  for the sink, with ca.crt\n"
	       "  fleet-log-next.key     keep it in a safe, away from the sink, for when that key must go\n",
	       fleet, dir);
	if (registrar_names)
		puts("  registrar*             for the registrar, with ca.crt and ca.key");
	return COMMAND_OK;
}

int cmd_fleet(int argc, char **argv)
{
	static const struct command COMMANDS[] = {
		{ "init", "make a fleet's keys, certificates and genesis statement", fleet_init },
		{ "host", "what the sink knows of a host, for statements about it", fleet_host },
		{ "state", "write a statement that people will sign", fleet_state },
		{ "show", "say in plain words what a statement means", fleet_show },
		{ "sign", "the same, and add one person's signature", fleet_sign },
		{ "submit", "on the sink: put a statement into the fleet log", fleet_submit },
		{ "log-key", "prepare the key that will follow on the fleet log's", fleet_log_key },
	};
	return command_run("swornlog fleet", COMMANDS, ARRAY_SIZE(COMMANDS), argc, argv);
}
