#include "agent/collector_options.h"

#include <getopt.h>
#include <stdio.h>

#define PROGRAM "swornlog-collector"

enum option_id {
	OPTION_CONFIG = 256,
	OPTION_EVENTS_SOCKET,
	OPTION_COLLECT,
	OPTION_CHECK,
	OPTION_OWN_DIR,
	OPTION_AUDIT,
	OPTION_AUDIT_ENABLE,
	OPTION_AUDIT_RESTORE,
	OPTION_REPLAY,
	OPTION_RUN_DIR,
	OPTION_USER,
	OPTION_PINS,
	OPTION_UNPIN,
	OPTION_RING_BYTES,
	OPTION_QUEUE_BYTES,
	OPTION_VERBOSE,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "events-socket", required_argument, NULL, OPTION_EVENTS_SOCKET },
	{ "collect", required_argument, NULL, OPTION_COLLECT },
	{ "check", required_argument, NULL, OPTION_CHECK },
	{ "own-dir", required_argument, NULL, OPTION_OWN_DIR },
	{ "audit", required_argument, NULL, OPTION_AUDIT },
	{ "audit-enable", required_argument, NULL, OPTION_AUDIT_ENABLE },
	{ "audit-restore", required_argument, NULL, OPTION_AUDIT_RESTORE },
	{ "replay", required_argument, NULL, OPTION_REPLAY },
	{ "run-dir", required_argument, NULL, OPTION_RUN_DIR },
	{ "user", required_argument, NULL, OPTION_USER },
	{ "pins", required_argument, NULL, OPTION_PINS },
	{ "unpin", required_argument, NULL, OPTION_UNPIN },
	{ "ring-bytes", required_argument, NULL, OPTION_RING_BYTES },
	{ "queue-bytes", required_argument, NULL, OPTION_QUEUE_BYTES },
	{ "verbose", no_argument, NULL, OPTION_VERBOSE },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

static const char usage[] =
        "usage: " PROGRAM " [--config FILE] [option]...\n"
        "Collects file, process and login events from the kernel and hands them to the sealer.\n"
        "\n"
        "  --config FILE         configuration (default " AGENT_CONFIG_PATH "); it is not read\n"
        "                        where --events-socket is given and --config is not\n"
        "  --events-socket PATH  the sealer's socket\n"
        "  --collect FILE        rules: what is collected and what is not\n"
        "  --check FILE          say what these rules would do, and what of them has no effect, and end\n"
        "  --own-dir DIR         leave out the agent's own file events in DIR (may be repeated)\n"
        "  --audit MODE          multicast (default), unicast or off\n"
        "  --audit-enable FILE   switch the kernel's audit on where it is off, and back at the end; FILE\n"
        "                        keeps what was changed\n"
        "  --audit-restore FILE  put back what FILE says was changed, and end\n"
        "  --replay FILE         take audit events from a recorded audit.log, not from the kernel\n"
        "  --run-dir DIR         write collector.status there, and prove there that file events are seen\n"
        "  --user NAME           become this user, and keep only the capabilities that are needed\n"
        "  --pins DIR            keep programs and rings in DIR, a folder of a BPF file system, so that "
        "what\n"
        "                        happens while there is no collector is there for the next one\n"
        "  --unpin DIR           remove what is kept in DIR, and end\n"
        "  --ring-bytes N        size of each of the two rings, a power of two (default 8388608)\n"
        "  --queue-bytes N       size of the queue to the sealer (default 4194304)\n"
        "  --verbose             say more, and why the kernel refuses a program\n"
        "  --help, --version\n";

static int parse_size(const char *text, size_t *ret)
{
	char *end;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || n > (1u << 30))
		return -EINVAL;
	*ret = (size_t)n;
	return 0;
}

static int parse_audit(const char *text, enum audit_mode *ret)
{
	enum audit_mode mode;
	int err = audit_mode_parse(text, &mode);
	if (err || mode == AUDIT_MODE_REPLAY)
		return -EINVAL;
	*ret = mode;
	return 0;
}

static int add_own_dir(struct collector_config *config, const char *dir)
{
	if (config->own_dir_count == COLLECTOR_OWN_DIRS_MAX)
		return -E2BIG;
	config->own_dirs[config->own_dir_count++] = dir;
	return 0;
}

/* Where an option's text goes that is taken as it is; NULL: it is another option. */
static const char **text_of(struct collector_options *o, int option)
{
	const struct {
		enum option_id option;
		const char **into;
	} texts[] = {
		{ OPTION_EVENTS_SOCKET, &o->collector.events_socket },
		{ OPTION_COLLECT, &o->collector.rules_path },
		{ OPTION_CHECK, &o->check },
		{ OPTION_RUN_DIR, &o->collector.run_dir },
		{ OPTION_PINS, &o->collector.pins },
		{ OPTION_AUDIT_RESTORE, &o->restore },
		{ OPTION_USER, &o->user },
		{ OPTION_UNPIN, &o->unpin },
	};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if ((int)texts[i].option == option)
			return texts[i].into;
	return NULL;
}

static int take_option(struct collector_options *o, int option, const char *value)
{
	const char **text = text_of(o, option);
	if (text) {
		*text = value;
		return 0;
	}
	switch (option) {
	case OPTION_OWN_DIR:
		return add_own_dir(&o->collector, value);
	case OPTION_AUDIT:
		return parse_audit(value, &o->collector.audit);
	case OPTION_AUDIT_ENABLE:
		o->collector.audit_lease = value;
		o->collector.audit_enable = true;
		return 0;
	case OPTION_REPLAY:
		o->collector.audit = AUDIT_MODE_REPLAY;
		o->collector.audit_replay = value;
		return 0;
	case OPTION_RING_BYTES:
		return parse_size(value, &o->collector.ring_bytes);
	case OPTION_QUEUE_BYTES:
		return parse_size(value, &o->collector.queue_bytes);
	case OPTION_VERBOSE:
		o->collector.verbose = true;
		return 0;
	case OPTION_HELP:
		fputs(usage, stdout);
		o->done = true;
		return 0;
	case OPTION_VERSION:
		puts(PROGRAM " " SWORNLOG_VERSION);
		o->done = true;
		return 0;
	default:
		return -EINVAL;
	}
}

/* The options, but --config, whose file is left in `ret_config`. */
static int take_options(int argc, char **argv, struct collector_options *o, const char **ret_config)
{
	int option, index = 0;
	while (!o->done && (option = getopt_long(argc, argv, "", long_options, &index)) != -1) {
		if (option == '?') {
			fputs("try '" PROGRAM " --help'\n", stderr);
			return -EINVAL;
		}
		if (option == OPTION_CONFIG) {
			*ret_config = optarg;
			continue;
		}
		if (take_option(o, option, optarg)) {
			fprintf(stderr, PROGRAM ": --%s: '%s' is not understood\n", long_options[index].name,
			        optarg);
			return -EINVAL;
		}
	}
	if (!o->done && optind != argc) {
		fputs(usage, stderr);
		return -EINVAL;
	}
	return 0;
}

static int in_run_folder(const struct agent_config *c, const char *name, char ret[PATH_MAX])
{
	int n = snprintf(ret, PATH_MAX, "%s/%s", c->run, name);
	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* What the command line has not set. */
static int fill_in(struct collector_options *o, bool audit_given)
{
	static const enum audit_mode modes[] = { [AGENT_AUDIT_MULTICAST] = AUDIT_MODE_MULTICAST,
		                                 [AGENT_AUDIT_UNICAST] = AUDIT_MODE_UNICAST,
		                                 [AGENT_AUDIT_OFF] = AUDIT_MODE_OFF };
	const struct agent_config *c = &o->agent;
	struct collector_config *to = &o->collector;
	int err = in_run_folder(c, "events.sock", o->events_socket);
	if (!err)
		err = in_run_folder(c, "audit.lease", o->lease);
	if (!err)
		err = add_own_dir(to, c->state);
	if (!err)
		err = add_own_dir(to, c->spool);
	if (!err)
		err = add_own_dir(to, c->run);
	if (err)
		return err;
	if (!to->events_socket)
		to->events_socket = o->events_socket;
	if (!to->rules_path)
		to->rules_path = c->collect;
	if (!to->run_dir)
		to->run_dir = c->run;
	if (!audit_given)
		to->audit = modes[c->audit];
	if (!to->audit_lease && to->audit != AUDIT_MODE_REPLAY) {
		to->audit_lease = o->lease;
		to->audit_enable = c->audit_enable;
	}
	if (!to->pins)
		to->pins = c->pins;
	if (!o->user)
		o->user = c->collector_user;
	o->group = c->group;
	return 0;
}

static int take_config(struct collector_options *o, const char *path, bool audit_given)
{
	char error[512];
	if (agent_config_load(path, &o->agent, error, sizeof(error)) < 0) {
		fprintf(stderr, PROGRAM ": %s\n", error);
		return -EINVAL;
	}
	int err = fill_in(o, audit_given);
	if (err)
		fprintf(stderr, PROGRAM ": %s: %s\n", path, strerror(-err));
	return err ? -EINVAL : 0;
}

int collector_options_parse(int argc, char **argv, struct collector_options *ret)
{
	static const enum audit_mode not_given = AUDIT_MODE_REPLAY;
	struct collector_options *o = ret;
	const char *config = NULL;
	*o = (struct collector_options){ .collector = { .audit = not_given } };
	int err = take_options(argc, argv, o, &config);
	if (err)
		return err;
	bool audit_given = o->collector.audit != not_given || o->collector.audit_replay;
	if (!audit_given)
		o->collector.audit = AUDIT_MODE_MULTICAST;
	if (o->done || o->check || o->restore || o->unpin || (!config && o->collector.events_socket))
		return 0;
	return take_config(o, config ? config : AGENT_CONFIG_PATH, audit_given);
}

void collector_options_done(struct collector_options *o)
{
	agent_config_done(&o->agent);
}
