#include "lib/log.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

static char said[4096];

/* What `say` writes to standard error. */
static void listen_to(void (*say)(void))
{
	int ends[2];
	cr_assert_eq(pipe(ends), 0);
	int saved = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	say();
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	ssize_t n = read(ends[0], said, sizeof(said) - 1);
	close(ends[0]);
	said[n > 0 ? n : 0] = '\0';
}

static void plain(void)
{
	log_open("prog", LOG_LEVEL_INFO);
	log_error("disk %d\nfull\x1b", 3);
	log_debug("not heard");
}

static void journal(void)
{
	struct stat st;
	char stream[64];
	fstat(STDERR_FILENO, &st);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open("prog", LOG_LEVEL_DEBUG);
	log_warning("careful");
	log_debug("heard");
}

static void long_line(void)
{
	char text[3000];
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_open("prog", LOG_LEVEL_INFO);
	errno = ENOSPC;
	log_info("%s", text);
	cr_expect_eq(errno, ENOSPC);
}

Test(log, a_message_is_one_line_with_the_programs_name)
{
	unsetenv("JOURNAL_STREAM");
	listen_to(plain);
	cr_expect_str_eq(said, "prog: disk 3 full \n");
}

Test(log, the_journal_gets_levels)
{
	listen_to(journal);
	cr_expect_str_eq(said, "<4>careful\n<7>heard\n");
}

Test(log, an_inherited_journal_stream_of_another_file_does_not_count)
{
	setenv("JOURNAL_STREAM", "1:1", 1);
	listen_to(plain);
	cr_expect_str_eq(said, "prog: disk 3 full \n");
}

Test(log, a_message_too_long_is_cut_and_errno_is_left_alone)
{
	unsetenv("JOURNAL_STREAM");
	listen_to(long_line);
	cr_expect_eq(strlen(said), 2047);
	cr_expect_eq(said[2046], '\n');
}
