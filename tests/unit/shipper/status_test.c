#include "shipper/status.h"

#include <fcntl.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <jansson.h>

static struct shipper shipper;
static struct status status;

static json_t *parse(const struct buf *b)
{
	json_error_t error;
	json_t *j = json_loadb((const char *)b->data, b->len, JSON_REJECT_DUPLICATES, &error);
	cr_assert_not_null(j, "%s", error.text);
	return j;
}

Test(status, it_is_json_whatever_the_sink_said)
{
	cleanup_buf struct buf b = { 0 };
	shipper_init(&shipper, 1);
	shipper.state = SHIPPER_WAITING;
	shipper.until_us = 9000000;
	shipper.link = SHIPPER_LINK_BUSY;
	status_answer(&status, 503, "status 503, \"full\"\n\\", 1000000);
	status_put(&b, &status, &shipper, 4000000);
	json_t *j = parse(&b);
	cr_expect_str_eq(json_string_value(json_object_get(j, "state")), "waiting");
	cr_expect_str_eq(json_string_value(json_object_get(j, "link")), "busy");
	cr_expect_eq(json_integer_value(json_object_get(j, "retry_in_ms")), 5000);
	cr_expect_eq(json_integer_value(json_object_get(j, "since_receipt_s")), -1);
	cr_expect_str_eq(json_string_value(json_object_get(j, "error")), "status 503, \"full\"\n\\");
	json_decref(j);
}

Test(status, a_good_answer_clears_the_error)
{
	cleanup_buf struct buf b = { 0 };
	shipper_init(&shipper, 1);
	status_answer(&status, 0, "no route", 1000000);
	status_answer(&status, 200, "", 2000000);
	status_put(&b, &status, &shipper, 5000000);
	json_t *j = parse(&b);
	cr_expect_str_eq(json_string_value(json_object_get(j, "error")), "");
	cr_expect_eq(json_integer_value(json_object_get(j, "since_receipt_s")), 3);
	json_decref(j);
}

Test(status, the_file_is_replaced_whole)
{
	char folder[] = "/tmp/status_test.XXXXXX";
	cr_assert_not_null(mkdtemp(folder));
	int fd = open(folder, O_RDONLY | O_DIRECTORY);
	shipper_init(&shipper, 1);
	cr_expect_eq(status_write(&status, &shipper, fd, 1), 0);
	cr_expect_eq(status_write(&status, &shipper, fd, 2), 0);
	cr_expect_eq(faccessat(fd, "shipper.status.tmp", F_OK, 0), -1);
	cr_expect_eq(unlinkat(fd, "shipper.status", 0), 0);
	close(fd);
	cr_expect_eq(rmdir(folder), 0);
}
