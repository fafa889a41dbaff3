#include "evidence/tile.h"

#include <stdio.h>

#include "lib/text.h"

/* 1234067 -> "x001/x234/067" */
static size_t put_index(char *out, size_t room, uint64_t index)
{
	unsigned groups[8];
	size_t n = 0;
	do {
		groups[n++] = (unsigned)(index % 1000);
		index /= 1000;
	} while (index > 0 && n < ARRAY_SIZE(groups));
	size_t len = 0;
	while (n-- > 0)
		len += (size_t)snprintf(out + len, room - len, n > 0 ? "x%03u/" : "%03u", groups[n]);
	return len;
}

void tile_path(int level, uint64_t index, unsigned width, char ret[TILE_PATH_MAX])
{
	size_t len = level == TILE_ENTRIES ? (size_t)snprintf(ret, TILE_PATH_MAX, "tile/entries/")
	                                   : (size_t)snprintf(ret, TILE_PATH_MAX, "tile/%d/", level);
	len += put_index(ret + len, TILE_PATH_MAX - len, index);
	if (width < TILE_WIDTH)
		snprintf(ret + len, TILE_PATH_MAX - len, ".p/%u", width);
}

static bool three_digits(struct span s, uint64_t *index)
{
	if (s.len != 3)
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
		*index = *index * 10 + (uint64_t)(s.data[i] - '0');
	}
	return true;
}

static int parse_index(struct span *rest, uint64_t *index, bool *ret_partial)
{
	*index = 0;
	for (int groups = 0; groups < 6; groups++) {
		struct span part = text_split(*rest, '/', rest);
		if (part.len == 4 && part.data[0] == 'x') {
			struct span digits = { part.data + 1, 3 };
			if (!three_digits(digits, index))
				return -EBADMSG;
			continue;
		}
		struct span suffix;
		*ret_partial = text_split(part, '.', &suffix).len == 3 && span_is(suffix, "p");
		struct span digits = { part.data, *ret_partial ? 3 : part.len };
		return three_digits(digits, index) ? 0 : -EBADMSG;
	}
	return -EBADMSG;
}

int tile_parse_path(struct span path, int *ret_level, uint64_t *ret_index, unsigned *ret_width)
{
	struct span rest;
	struct span word = text_split(path, '/', &rest);
	struct span level_text = text_split(rest, '/', &rest);
	uint64_t level = 0, index, width = TILE_WIDTH;
	bool entries = span_is(level_text, "entries"), partial;
	if (!span_is(word, "tile") ||
	    (!entries && (text_decimal(level_text, &level) < 0 || level >= TILE_LEVELS)))
		return -EBADMSG;
	if (parse_index(&rest, &index, &partial) < 0)
		return -EBADMSG;
	if (partial ? text_decimal(rest, &width) < 0 || width == 0 || width >= TILE_WIDTH : rest.data != NULL)
		return -EBADMSG;
	int l = entries ? TILE_ENTRIES : (int)level;
	/* One path for one tile: leading zero groups and the like are refused by writing it again. */
	char again[TILE_PATH_MAX];
	tile_path(l, index, (unsigned)width, again);
	if (!span_is(path, again))
		return -EBADMSG;
	*ret_level = l;
	*ret_index = index;
	*ret_width = (unsigned)width;
	return 0;
}

static uint64_t items_at(int level, uint64_t size)
{
	return level <= 0 ? size : size >> (8 * level);
}

uint64_t tile_full_count(int level, uint64_t size)
{
	return items_at(level, size) / TILE_WIDTH;
}

unsigned tile_partial_width(int level, uint64_t size)
{
	return (unsigned)(items_at(level, size) % TILE_WIDTH);
}

void tile_put_bundle_entry(struct buf *b, struct span entry)
{
	assert(entry.len <= UINT16_MAX);
	buf_put_u16be(b, (uint16_t)entry.len);
	buf_put(b, entry.data, entry.len);
}

bool tile_next_bundle_entry(struct cursor *bundle, struct span *ret)
{
	if (bundle->err || cursor_left(bundle) == 0)
		return false;
	struct span s = cursor_bytes(bundle, cursor_u16be(bundle));
	if (bundle->err)
		return false;
	*ret = s;
	return true;
}
