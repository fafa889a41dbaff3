/* A sealer that only listens: prints each frame that the collector sends on one line.
 *
 * intake_probe SOCKET: "event KIND sensors=N process=N self=N parent=N [key=value...]"; byte strings as they
 * are, but bytes that are no printable ASCII as \xNN; an executable's SHA-256 in hex.
 */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "evidence/intake.h"
#include "lib/cbor.h"

#define NO_KEY UINT64_MAX

static void print_value(struct cursor *c);

static void print_bytes(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] > ' ' && s.data[i] < 0x7f)
			putchar(s.data[i]);
		else
			printf("\\x%02x", s.data[i]);
	}
}

static void print_array(struct cursor *c)
{
	putchar('[');
	for (size_t n = cbor_array(c); n > 0; n--) {
		print_value(c);
		putchar(n > 1 ? ',' : ']');
	}
}

static void print_value(struct cursor *c)
{
	switch (cbor_peek(c)) {
	case CBOR_UINT:
		printf("%llu", (unsigned long long)cbor_uint(c));
		break;
	case CBOR_NEGINT:
		printf("%lld", (long long)cbor_int(c));
		break;
	case CBOR_BYTES:
		print_bytes(cbor_bytes(c));
		break;
	case CBOR_ARRAY:
		print_array(c);
		break;
	case CBOR_BOOL:
		printf("%s", cbor_bool(c) ? "true" : "false");
		break;
	case CBOR_MAP:
	case CBOR_NULL:
	case CBOR_NONE:
		printf("?");
		cbor_skip(c);
		break;
	}
}

static void print_hex(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		printf("%02x", s.data[i]);
}

/* The value of hash_key is a hash. */
static void print_map(struct span map, uint64_t hash_key)
{
	struct cursor c;
	int64_t prev = -1;
	cursor_init(&c, map.data, map.len);
	for (size_t n = cbor_map(&c); n > 0 && !c.err; n--) {
		uint64_t key = cbor_key(&c, &prev);
		printf(" %llu=", (unsigned long long)key);
		if (key == hash_key)
			print_hex(cbor_bytes(&c));
		else
			print_value(&c);
	}
	putchar('\n');
}

static void print_frame(const struct intake_frame *f)
{
	const struct intake_event *e = &f->event;
	switch (f->type) {
	case INTAKE_EVENT:
		printf("event %s sensors=%u process=%llu self=%llu parent=%llu", entry_kind_name(e->kind),
		       e->sensors, (unsigned long long)e->process, (unsigned long long)e->self,
		       (unsigned long long)e->parent);
		print_map(e->fields, e->kind == KIND_EXEC ? PROCESS_SHA256 : NO_KEY);
		break;
	case INTAKE_LOSS:
		printf("loss %s %s kind=%u count=%llu\n", loss_reason_name(f->loss.reason),
		       exactness_name(f->loss.exactness), f->loss.kind, (unsigned long long)f->loss.count);
		break;
	case INTAKE_COUNTS:
		printf("counts emitted=%llu filtered=%llu lost=%llu sent=%llu\n",
		       (unsigned long long)f->counts.emitted, (unsigned long long)f->counts.filtered,
		       (unsigned long long)f->counts.lost, (unsigned long long)f->counts.sent);
		break;
	case INTAKE_POSTURE:
		printf("posture");
		print_map(f->posture, NO_KEY);
		break;
	case INTAKE_GOODBYE:
		puts("goodbye");
		break;
	case INTAKE_RULES:
		printf("rules refused=%d bytes=%zu\n", f->rules.refused, f->rules.text.len);
		break;
	case INTAKE_RESUMED:
		puts("resumed");
		break;
	}
}

static int accept_one(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
		return -1;
	puts("listening");
	return accept(fd, NULL, NULL);
}

int main(int argc, char **argv)
{
	static struct intake_frame frame;
	setvbuf(stdout, NULL, _IOLBF, 0);
	int fd = argc == 2 ? accept_one(argv[1]) : -1;
	if (fd < 0) {
		perror("intake_probe");
		return 1;
	}
	cleanup_buf struct buf b = { 0 };
	uint8_t bytes[65536];
	ssize_t n, used;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
		buf_put(&b, bytes, (size_t)n);
		while ((used = intake_parse((struct span){ b.data, b.len }, &frame)) > 0) {
			print_frame(&frame);
			buf_consume(&b, (size_t)used);
		}
		if (used < 0) {
			puts("malformed");
			return 1;
		}
	}
	return 0;
}
