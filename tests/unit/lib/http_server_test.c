#include "lib/http_server.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "lib/certify.h"
#include "lib/tls.h"

#define BODY_MAX   64
#define PATIENT_MS 20000
#define HASTY_MS   400

static char dir[64];
static char path[3][96]; /* ca, certificate, key */

static void write_file(const char *to, const struct buf *b)
{
	FILE *f = fopen(to, "we");
	cr_assert(f && fwrite(b->data, 1, b->len, f) == b->len && fclose(f) == 0);
}

/* One authority, and one certificate each for server and client in one file pair, by `use`. */
static void make_files(enum certificate_use use, X509 *ca, EVP_PKEY *ca_key)
{
	cleanup_key EVP_PKEY *key = NULL;
	cleanup_certificate X509 *cert = NULL;
	cleanup_buf struct buf key_pem = { 0 }, cert_pem = { 0 }, ca_pem = { 0 };
	cr_assert_eq(certificate_key_new(&key), 0);
	struct certificate_plan plan = { .use = use,
		                         .subject = "test",
		                         .uri = "swornlog://acme/test",
		                         .days = 1,
		                         .key = key,
		                         .issuer = ca,
		                         .issuer_key = ca_key };
	cr_assert_eq(certificate_issue(&plan, &cert), 0);
	cr_assert_eq(certificate_put(&ca_pem, ca), 0);
	cr_assert_eq(certificate_put(&cert_pem, cert), 0);
	cr_assert_eq(certificate_put_key(&key_pem, key), 0);
	write_file(path[0], &ca_pem);
	write_file(path[1], &cert_pem);
	write_file(path[2], &key_pem);
}

static SSL_CTX *context(enum certificate_use use, X509 *ca, EVP_PKEY *ca_key)
{
	char error[256] = "";
	SSL_CTX *ctx = NULL;
	struct tls_files files = { path[1], path[2], path[0] };
	make_files(use, ca, ca_key);
	int r = use == CERTIFICATE_SERVER ? tls_server_new(&files, &ctx, error, sizeof(error))
	                                  : tls_client_new(&files, &ctx, error, sizeof(error));
	cr_assert_eq(r, 0, "%s", error);
	return ctx;
}

static bool admit(void *ctx maybe_unused, const struct http_head *h, struct http_answer *ret)
{
	if (span_is(h->target, "/forbidden"))
		http_answer_say(ret, 403, "Not for you.");
	else if (h->length > BODY_MAX)
		http_answer_say(ret, 413, "Too long.");
	else
		return true;
	return false;
}

static void echo(void *ctx maybe_unused, const struct http_request *r, struct http_answer *ret)
{
	ret->status = 200;
	ret->type = "text/x.echo";
	buf_printf(&ret->body, "%.*s %.*s %.*s", (int)r->method.len, (const char *)r->method.data,
	           (int)r->target.len, (const char *)r->target.data, (int)r->body.len,
	           r->body.len ? (const char *)r->body.data : "");
}

struct world {
	SSL_CTX *server_tls, *client_tls;
	struct event_base *base;
	struct http_server *server;
	pthread_t thread;
	atomic_bool ending;
};

static void *serve(void *arg)
{
	struct world *w = arg;
	while (!atomic_load(&w->ending)) {
		event_base_loopexit(w->base, &(struct timeval){ .tv_usec = 5000 });
		event_base_dispatch(w->base);
	}
	return NULL;
}

static void begin(struct world *w, size_t max_connections, unsigned timeout_ms)
{
	cleanup_key EVP_PKEY *ca_key = NULL;
	cleanup_certificate X509 *ca = NULL;
	char error[256] = "";
	snprintf(dir, sizeof(dir), "/tmp/http_server_test.%d", (int)getpid());
	cr_assert_eq(mkdir(dir, 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(path); i++)
		snprintf(path[i], sizeof(path[i]), "%s/%zu", dir, i);
	cr_assert_eq(certificate_key_new(&ca_key), 0);
	struct certificate_plan plan = {
		.use = CERTIFICATE_CA, .subject = "ca", .days = 1, .key = ca_key, .issuer_key = ca_key
	};
	cr_assert_eq(certificate_issue(&plan, &ca), 0);
	w->server_tls = context(CERTIFICATE_SERVER, ca, ca_key);
	w->client_tls = context(CERTIFICATE_CLIENT, ca, ca_key);
	for (size_t i = 0; i < ARRAY_SIZE(path); i++)
		unlink(path[i]);
	rmdir(dir);
	atomic_init(&w->ending, false);
	w->base = event_base_new();
	struct http_server_options o = { .listen = "127.0.0.1:0",
		                         .max_connections = max_connections,
		                         .timeout_ms = timeout_ms,
		                         .base = w->base,
		                         .tls = w->server_tls,
		                         .handler = { admit, echo, NULL } };
	cr_assert_eq(http_server_open(&o, &w->server, error, sizeof(error)), 0, "%s", error);
	cr_assert_eq(pthread_create(&w->thread, NULL, serve, w), 0);
}

static void end(struct world *w)
{
	atomic_store(&w->ending, true);
	pthread_join(w->thread, NULL);
	http_server_free(w->server);
	event_base_free(w->base);
	SSL_CTX_free(w->server_tls);
	SSL_CTX_free(w->client_tls);
}

static int dial(const struct world *w)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		                 .sin_port = htons(
		                         (uint16_t)atoi(strrchr(http_server_address(w->server), ':') + 1)),
		                 .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval limit = { .tv_sec = 10 };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	cr_assert_eq(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

struct client {
	int fd;
	SSL *ssl;
};

static struct client meet(const struct world *w)
{
	struct client c = { .fd = dial(w), .ssl = SSL_new(w->client_tls) };
	SSL_set_fd(c.ssl, c.fd);
	cr_assert_eq(SSL_connect(c.ssl), 1);
	return c;
}

static void part(struct client *c)
{
	SSL_free(c->ssl);
	close(c->fd);
}

static void say(const struct client *c, const char *words)
{
	cr_assert_eq(SSL_write(c->ssl, words, (int)strlen(words)), (int)strlen(words));
}

/* All up to this ending, or to the connection's end. */
static void hear(const struct client *c, const char *ending, struct buf *ret)
{
	uint8_t byte;
	size_t n = strlen(ending);
	while ((n == 0 || ret->len < n || memcmp(ret->data + ret->len - n, ending, n) != 0) &&
	       SSL_read(c->ssl, &byte, 1) == 1)
		buf_put_u8(ret, byte);
	buf_put_u8(ret, 0);
}

#define POST(target, body, more) "POST " target " HTTP/1.1\r\n" more "Content-Length: " body "\r\n\r\n"

static void heard(const struct client *c, const char *ending, const char *want)
{
	cleanup_buf struct buf b = { 0 };
	hear(c, ending, &b);
	cr_expect_not_null(strstr((const char *)b.data, want), "'%s' is not in '%s'", want,
	                   (const char *)b.data);
}

Test(http_server, requests_on_a_kept_connection_are_answered_in_turn)
{
	struct world w;
	begin(&w, 10, PATIENT_MS);
	struct client c = meet(&w);
	say(&c, POST("/a", "5", "") "hello");
	heard(&c, "POST /a hello", "Content-Type: text/x.echo\r\nContent-Length: 13\r\n\r\n");
	say(&c,
	    "GET /b HTTP/1.1\r\n\r\n" POST("/c", "1", "") "x" POST("/d", "2", "Connection: close\r\n") "yy");
	heard(&c, "GET /b ", "200 OK");
	heard(&c, "POST /c x", "200 OK");
	heard(&c, "", "Connection: close\r\n\r\nPOST /d yy");
	part(&c);
	end(&w);
}

Test(http_server, a_body_may_wait_for_a_word)
{
	struct world w;
	begin(&w, 10, PATIENT_MS);
	struct client c = meet(&w);
	say(&c, POST("/a", "2", "Expect: 100-continue\r\n"));
	heard(&c, "\r\n\r\n", "100 Continue");
	say(&c, "hi");
	heard(&c, "POST /a hi", "200 OK");
	part(&c);
	end(&w);
}

Test(http_server, what_is_not_admitted_is_refused_before_its_body)
{
	static const char *const cases[][2] = {
		{ POST("/forbidden", "5", ""), "403 Forbidden" },
		{ POST("/a", "65", ""), "413 Content Too Large" },
		{ POST("/a", "99999999999999", ""), "413 Content Too Large" },
		{ "nonsense\r\n\r\n", "400 Bad Request" },
		{ "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "400 Bad Request" },
	};
	struct world w;
	begin(&w, 10, PATIENT_MS);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct client c = meet(&w);
		say(&c, cases[i][0]);
		heard(&c, "", cases[i][1]);
		part(&c);
	}
	end(&w);
}

static void is_sent_away(int fd)
{
	char byte;
	cr_expect_leq(recv(fd, &byte, 1, 0), 0);
	cr_expect_neq(errno, EAGAIN);
}

Test(http_server, who_is_slow_is_sent_away)
{
	struct world w;
	cleanup_buf struct buf b = { 0 };
	begin(&w, 10, HASTY_MS);
	int fd = dial(&w);
	struct client head = meet(&w), body = meet(&w);
	say(&head, "POST /a HTTP/1.1\r\nA:");
	say(&body, POST("/a", "5", "") "hel");
	errno = 0;
	is_sent_away(fd);
	hear(&head, "", &b);
	hear(&body, "", &b);
	cr_expect_eq(b.len, 2, "neither got a word");
	close(fd);
	part(&head);
	part(&body);
	end(&w);
}

Test(http_server, a_full_house_puts_out_who_has_shown_no_certificate)
{
	struct world w;
	begin(&w, 2, PATIENT_MS);
	struct client c = meet(&w);
	int stranger = dial(&w);
	struct client second = meet(&w);
	is_sent_away(stranger);
	say(&second, POST("/a", "1", "") "x");
	heard(&second, "POST /a x", "200 OK");
	/* Nobody is left to be put out. */
	int third = dial(&w);
	is_sent_away(third);
	say(&c, POST("/b", "1", "") "y");
	heard(&c, "POST /b y", "200 OK");
	close(stranger);
	close(third);
	part(&c);
	part(&second);
	end(&w);
}

Test(http_server, who_has_no_certificate_is_not_heard)
{
	struct world w;
	begin(&w, 10, PATIENT_MS);
	cleanup_buf struct buf b = { 0 };
	SSL_CTX *bare = SSL_CTX_new(TLS_client_method());
	struct client c = { .fd = dial(&w), .ssl = SSL_new(bare) };
	SSL_set_fd(c.ssl, c.fd);
	(void)SSL_connect(c.ssl); /* in TLS 1.3 the client is done before the server has looked */
	(void)SSL_write(c.ssl, "GET / HTTP/1.1\r\n\r\n", 18);
	hear(&c, "", &b);
	cr_expect_eq(b.len, 1);
	part(&c);
	SSL_CTX_free(bare);
	end(&w);
}

Test(http_server, an_address_is_numbers_and_a_port)
{
	static const char *const wrong[] = {
		"", "8443", "localhost:1", "127.0.0.1", "::1:8443", "[::1]", ":1"
	};
	struct event_base *base = event_base_new();
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct http_server *s = NULL;
		char error[256] = "";
		struct http_server_options o = { .listen = wrong[i], .max_connections = 1, .base = base };
		cr_expect_eq(http_server_open(&o, &s, error, sizeof(error)), -EINVAL, "%s", wrong[i]);
		cr_expect_not_null(strstr(error, "is not ADDRESS:PORT"));
	}
	event_base_free(base);
}
