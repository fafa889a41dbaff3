/* One record's text: the parser keeps within it, and what it gives lies in it. */
#include "audit/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct audit_item *item, const uint8_t *data, size_t size)
{
	uint8_t out[256];
	uint32_t number;
	const struct span spans[] = { item->key, item->value, item->word };
	for (size_t i = 0; i < ARRAY_SIZE(spans); i++) {
		if (spans[i].len > 0 && (spans[i].data < data || spans[i].data + spans[i].len > data + size))
			abort();
	}
	if (item->key.len == 0 || audit_value_decode(item, sizeof(out), out) > sizeof(out))
		abort();
	if (audit_value_number(item, &number) == 0 && audit_value_absent(item))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct audit_stamp stamp;
	struct span body = { data, size };
	struct audit_iterator it;
	struct audit_item item;
	size_t items = 0;
	if (audit_record_stamp(body, &stamp, &body) == 0 && stamp.ms % 1000 > 999)
		abort();
	audit_iterator_init(&it, body);
	while (audit_iterator_next(&it, &item)) {
		check(&item, data, size);
		if (++items > size)
			abort();
	}
	return 0;
}
