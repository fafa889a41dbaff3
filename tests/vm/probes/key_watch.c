/* key_watch STATE-FOLDER GENERATIONS: prints the one-time keys of a sealer at work, as what a search of the
 * raw disk must and must not find.
 *
 * Watches the slots until it has seen so many generations, then waits for a newline on standard input (the
 * sealer has ended), and says which keys are still current. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/text.h"
#include "sealer/slots.h"

#define MAX_SEEN 1000

struct seen {
	uint64_t generation;
	uint8_t seed[32];
};

static struct seen seen[MAX_SEEN];
static size_t count;

static void take(const struct slot *s)
{
	if (!s->generation || (count && seen[count - 1].generation >= s->generation) || count == MAX_SEEN)
		return;
	seen[count].generation = s->generation;
	memcpy(seen[count++].seed, s->secret.seed, 32);
}

static void print(const struct seen *s, bool current)
{
	cleanup_buf struct buf hex = { 0 };
	text_put_hex(&hex, s->seed, 32);
	buf_put_u8(&hex, 0);
	if (buf_err(&hex) == 0)
		printf("search: %s %s key of generation %llu\n", current ? "present" : "absent",
		       (char *)hex.data, (unsigned long long)s->generation);
}

int main(int argc, char **argv)
{
	struct slots slots;
	struct slot now[2];
	if (argc != 3)
		return 2;
	int folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || slots_open(env_system(), folder, &slots) < 0)
		return 3;
	for (size_t wanted = strtoul(argv[2], NULL, 10); count < wanted; usleep(500)) {
		if (slots_read(&slots, now) < 0)
			return 3;
		take(&now[0]);
		take(&now[1]);
	}
	fputs("seen enough\n", stderr);
	(void)getchar();
	if (slots_read(&slots, now) < 0)
		return 3;
	take(&now[1]);
	for (size_t i = 0; i < count; i++)
		print(&seen[i],
		      seen[i].generation == now[0].generation || seen[i].generation == now[1].generation);
	return 0;
}
