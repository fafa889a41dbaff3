#include <fcntl.h>
#include <stdio.h>

#include "cli/approval.h"
#include "cli/command.h"
#include "cli/fleet_statement.h"
#include "cli/folder.h"
#include "cli/options.h"
#include "lib/certify.h"
#include "lib/control.h"
#include "lib/file.h"
#include "lib/text.h"

/* --- request
 * --------------------------------------------------------------------------------------------------- */

static int write_secrets(struct folder *folder, const struct signer *identity, EVP_PKEY *key)
{
	struct buf text = { 0 }, pem = { 0 };
	signer_put(&text, identity);
	buf_put_u8(&text, '\n');
	int r = buf_err(&text);
	if (r == 0)
		r = folder_add(folder, "identity.key", buf_span(&text), 0600);
	if (r == 0)
		r = certificate_put_key(&pem, key);
	if (r == 0)
		r = folder_add(folder, "host.key", buf_span(&pem), 0600);
	buf_wipe(&text);
	buf_wipe(&pem);
	buf_done(&text);
	buf_done(&pem);
	return r;
}

static int make_request(struct folder *folder, const char *fleet, const char *host,
                        const struct signer *identity)
{
	cleanup_key EVP_PKEY *key = NULL;
	cleanup_buf struct buf request = { 0 };
	int r = certificate_key_new(&key);
	if (r == 0)
		r = write_secrets(folder, identity, key);
	if (r == 0)
		r = request_put(&request, fleet, host, identity, key, NULL);
	if (r == 0)
		r = folder_add(folder, "request", buf_span(&request), 0644);
	return r < 0 ? r : folder_commit(folder);
}

static void print_key(const struct key *k)
{
	cleanup_buf struct buf text = { 0 };
	key_put(&text, k);
	printf("  identity  %.*s\n", (int)text.len, (const char *)text.data);
}

static int request_into(const char *dir, const char *fleet, const char *host)
{
	cleanup_folder struct folder folder = { .fd = -1 };
	struct origin o = { .epoch = 1 };
	char name[KEY_NAME_MAX + 1];
	struct signer identity = { 0 };
	snprintf(o.fleet, sizeof(o.fleet), "%s", fleet);
	snprintf(o.host, sizeof(o.host), "%s", host);
	origin_identity_name(&o, name);
	int r = folder_open(&folder, dir);
	if (r == 0)
		r = signer_generate(env_system(), name, &identity);
	if (r == 0)
		r = make_request(&folder, fleet, host, &identity);
	if (r == 0) {
		printf("%s/request asks to enroll %s in fleet %s\n", dir, host, fleet);
		print_key(&identity.key);
		printf("Have it approved: swornlog enroll approve FLEETDIR %s/request --out GRANTED\n", dir);
	}
	signer_wipe(&identity);
	return r < 0 ? COMMAND_FAILED : COMMAND_OK;
}

static int enroll_request(int argc, char **argv)
{
	const char *dir, *fleet = NULL, *host = NULL;
	const struct option_row options[] = {
		{ "fleet", OPTION_TEXT, &fleet, "NAME", "the fleet's name", .required = true },
		{ "host", OPTION_TEXT, &host, "NAME", "this host's name in it", .required = true },
	};
	const struct usage usage = {
		"swornlog enroll request",
		"DIR",
		"On the host: makes its identity key and its TLS key in DIR, and the request that an "
		"administrator\n"
		"approves. The keys never leave the host.",
		options,
		ARRAY_SIZE(options),
		1,
		1,
	};
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, &dir, &count, &status))
		return status;
	if (!command_label_ok("fleet", fleet) || !command_label_ok("host", host))
		return COMMAND_USAGE;
	return request_into(dir, fleet, host);
}

/* --- approve
 * --------------------------------------------------------------------------------------------------- */

static int load_request(const char *path, const struct genesis *g, struct request *ret)
{
	cleanup_buf struct buf bytes = { 0 };
	int r = file_read(env_system(), AT_FDCWD, path, REQUEST_MAX_BYTES, &bytes);
	if (r < 0) {
		command_fail("%s can't be read: %s", path, strerror(-r));
		return r;
	}
	r = request_parse(buf_span(&bytes), ret);
	if (r < 0) {
		command_fail("%s is no valid request to be enrolled", path);
		return r;
	}
	if (strcmp(ret->fleet, g->fleet) == 0)
		return 0;
	command_fail("%s asks for fleet %s, and this one is %s", path, ret->fleet, g->fleet);
	return -EPERM;
}

static int hand_out(const char *dir, const struct fleet_folder *f, const struct buf *enrolment,
                    const struct buf *certificate)
{
	cleanup_folder struct folder folder = { .fd = -1 };
	int r = folder_open(&folder, dir);
	if (r == 0)
		r = folder_add(&folder, "enrol", buf_span(enrolment), 0644);
	if (r == 0)
		r = folder_add(&folder, "host.crt", buf_span(certificate), 0644);
	if (r == 0)
		r = folder_add(&folder, "ca.crt", buf_span(&f->ca_bytes), 0644);
	if (r == 0)
		r = folder_add(&folder, "genesis", buf_span(&f->genesis_bytes), 0644);
	return r < 0 ? r : folder_commit(&folder);
}

static int approve(const struct fleet_folder *f, const struct request *request, const char *dir)
{
	cleanup_buf struct buf enrolment = { 0 }, certificate = { 0 };
	struct statement e;
	int r = approval_make(f, request, &enrolment, &certificate);
	if (r < 0)
		return command_fail("the enrolment could not be made: %s", strerror(-r));
	r = enrolment_parse(buf_span(&enrolment), &f->genesis, &e);
	if (r == -ENOKEY)
		return command_fail(
		        "an enrolment takes the signatures of %ju administrator(s) and %ju auditor(s), "
		        "and of those only %zu key(s) are in the folder",
		        (uintmax_t)f->genesis.need[STATEMENT_ENROL].admins,
		        (uintmax_t)f->genesis.need[STATEMENT_ENROL].auditors, f->signer_count);
	if (r < 0)
		return command_fail("the enrolment does not verify: %s", strerror(-r));
	if (hand_out(dir, f, &enrolment, &certificate) < 0)
		return COMMAND_FAILED;
	printf("%s/enrol enrolls %s in fleet %s; compare with what the host printed:\n", dir, e.host,
	       e.fleet);
	print_key(&e.identity);
	printf("Copy the four files to the host, and on the sink: swornlog enroll submit %s/enrol --control "
	       "SOCKET\n",
	       dir);
	return COMMAND_OK;
}

static int enroll_approve(int argc, char **argv)
{
	const char *arguments[2], *out = NULL;
	const struct option_row options[] = {
		{ "out", OPTION_TEXT, &out, "DIR", "where to put what the host gets", .required = true },
	};
	const struct usage usage = {
		"swornlog enroll approve",
		"FLEETDIR REQUEST",
		"Where the fleet's keys are: signs a host's enrolment with the people's keys in FLEETDIR, "
		"and issues\n"
		"its certificate.",
		options,
		ARRAY_SIZE(options),
		2,
		2,
	};
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, arguments, &count, &status))
		return status;
	cleanup_fleet_folder struct fleet_folder f = { 0 };
	cleanup_request struct request request = { 0 };
	if (fleet_folder_load(arguments[0], true, &f) < 0 ||
	    load_request(arguments[1], &f.genesis, &request) < 0)
		return COMMAND_FAILED;
	return approve(&f, &request, out);
}

static int enroll_submit(int argc, char **argv)
{
	const char *path, *control = NULL;
	const struct option_row options[] = {
		{ "control", OPTION_TEXT, &control, "SOCKET", "the sink's control socket", .required = true },
	};
	const struct usage usage = {
		"swornlog enroll submit",
		"ENROL",
		"On the sink's machine, as root or as the sink's user: puts an enrolment into the fleet log.",
		options,
		ARRAY_SIZE(options),
		1,
		1,
	};
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, &path, &count, &status))
		return status;
	cleanup_buf struct buf statement = { 0 };
	int r = file_read(env_system(), AT_FDCWD, path, STATEMENT_MAX_BYTES, &statement);
	if (r < 0)
		return command_fail("%s can't be read: %s", path, strerror(-r));
	return fleet_statement_submit(&statement, control);
}

int cmd_enroll(int argc, char **argv)
{
	static const struct command COMMANDS[] = {
		{ "request", "on the host: make its keys and the request", enroll_request },
		{ "approve", "where the fleet's keys are: sign it, and issue the certificate",
		  enroll_approve },
		{ "submit", "on the sink: put the enrolment into the fleet log", enroll_submit },
	};
	return command_run("swornlog enroll", COMMANDS, ARRAY_SIZE(COMMANDS), argc, argv);
}
