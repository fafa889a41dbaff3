#include "cli/options.h"

#include <stdarg.h>
#include <stdio.h>

#include "cli/command.h"
#include "lib/text.h"

#define SEEN_MAX 32

struct parser {
	const struct usage *usage;
	int argc;
	char **argv;
	int at;
	const char **arguments;
	size_t count;
	bool seen[SEEN_MAX];
};

enum outcome { GOES_ON, HELP_ASKED, WRONG };

static enum outcome wrong(const struct parser *p, const char *fmt, ...) printf_like(2, 3);
static enum outcome wrong(const struct parser *p, const char *fmt, ...)
{
	va_list args;
	fprintf(stderr, "%s: ", p->usage->command);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "; try '%s --help'\n", p->usage->command);
	return WRONG;
}

static void help(const struct usage *u)
{
	printf("usage: %s [OPTION...]%s%s\n\n%s\n\n", u->command, *u->arguments ? " " : "", u->arguments,
	       u->summary);
	for (size_t i = 0; i < u->option_count; i++) {
		const struct option_row *o = &u->options[i];
		char left[64];
		snprintf(left, sizeof(left), "--%s%s%s", o->name, o->value ? " " : "",
		         o->value ? o->value : "");
		printf("  %-24s %s\n", left, o->help);
	}
	printf("  %-24s this text\n", "--help");
}

static enum outcome set_uint(const struct parser *p, const struct option_row *o, const char *value)
{
	uint64_t n;
	if (text_decimal(span_str(value), &n) < 0 || n < o->min || n > o->max)
		return wrong(p, "--%s takes a whole number from %ju to %ju, not '%s'", o->name,
		             (uintmax_t)o->min, (uintmax_t)o->max, value);
	*(uint64_t *)o->into = n;
	return GOES_ON;
}

static enum outcome set_item(const struct parser *p, const struct option_row *o, const char *value)
{
	struct option_list *list = o->into;
	if (list->count == OPTION_LIST_MAX)
		return wrong(p, "--%s may be given at most %d times", o->name, OPTION_LIST_MAX);
	list->item[list->count++] = value;
	return GOES_ON;
}

static enum outcome set_option(struct parser *p, size_t row, const char *value)
{
	const struct option_row *o = &p->usage->options[row];
	if (p->seen[row] && o->type != OPTION_LIST)
		return wrong(p, "--%s is given twice", o->name);
	p->seen[row] = true;
	if (o->type == OPTION_FLAG && value)
		return wrong(p, "--%s takes no value", o->name);
	if (o->type != OPTION_FLAG && !value && ++p->at < p->argc)
		value = p->argv[p->at];
	if (o->type != OPTION_FLAG && (!value || value[0] == '\0'))
		return wrong(p, "--%s needs a value: %s", o->name, o->value);
	switch (o->type) {
	case OPTION_FLAG:
		*(bool *)o->into = true;
		return GOES_ON;
	case OPTION_TEXT:
		*(const char **)o->into = value;
		return GOES_ON;
	case OPTION_UINT:
		return set_uint(p, o, value);
	case OPTION_LIST:
		return set_item(p, o, value);
	}
	return WRONG;
}

static enum outcome take_option(struct parser *p, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t n = equals ? (size_t)(equals - word) : strlen(word);
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return HELP_ASKED;
	for (size_t i = 0; i < p->usage->option_count; i++) {
		const char *name = p->usage->options[i].name;
		if (n == strlen(name) + 2 && strncmp(word, "--", 2) == 0 &&
		    strncmp(word + 2, name, n - 2) == 0)
			return set_option(p, i, equals ? equals + 1 : NULL);
	}
	return wrong(p, "there is no option '%s'", word);
}

static enum outcome take_argument(struct parser *p, const char *word)
{
	if (p->count == p->usage->max_arguments)
		return wrong(p, "unexpected argument '%s'", word);
	p->arguments[p->count++] = word;
	return GOES_ON;
}

static enum outcome take_words(struct parser *p)
{
	bool options_ended = false;
	for (p->at = 1; p->at < p->argc; p->at++) {
		const char *word = p->argv[p->at];
		enum outcome o = GOES_ON;
		if (!options_ended && strcmp(word, "--") == 0)
			options_ended = true;
		else if (!options_ended && word[0] == '-' && word[1] != '\0')
			o = take_option(p, word);
		else
			o = take_argument(p, word);
		if (o != GOES_ON)
			return o;
	}
	return GOES_ON;
}

static enum outcome check_complete(const struct parser *p)
{
	for (size_t i = 0; i < p->usage->option_count; i++) {
		if (p->usage->options[i].required && !p->seen[i])
			return wrong(p, "--%s %s is missing", p->usage->options[i].name,
			             p->usage->options[i].value);
	}
	if (p->count < p->usage->min_arguments)
		return wrong(p, "expected %s", p->usage->arguments);
	return GOES_ON;
}

bool options_parse(const struct usage *u, int argc, char **argv, const char **arguments, size_t *ret_count,
                   int *ret_status)
{
	struct parser p = { .usage = u, .argc = argc, .argv = argv, .arguments = arguments };
	assert(u->option_count <= SEEN_MAX);
	enum outcome o = take_words(&p);
	if (o == GOES_ON)
		o = check_complete(&p);
	if (o == HELP_ASKED)
		help(u);
	if (o != GOES_ON) {
		*ret_status = o == HELP_ASKED ? COMMAND_OK : COMMAND_USAGE;
		return false;
	}
	*ret_count = p.count;
	return true;
}
