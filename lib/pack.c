#include "lib/pack.h"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

/* One of each a thread, kept: making a zstd context costs more than packing a small batch. */
static _Thread_local ZSTD_CCtx *compressor;
static _Thread_local ZSTD_DCtx *decompressor;

#define LEVEL 1

static int pack_deflate(struct span raw, struct buf *out)
{
	uLong bound = compressBound(raw.len);
	uint8_t *at = buf_extend(out, bound);
	if (!at)
		return buf_err(out);
	uLongf n = bound;
	int r = compress2(at, &n, raw.data, raw.len, LEVEL);
	out->len -= bound - (r == Z_OK ? n : 0);
	return r == Z_OK ? 0 : -ENOMEM;
}

static int pack_zstd(struct span raw, struct buf *out)
{
	if (!compressor)
		compressor = ZSTD_createCCtx();
	if (!compressor)
		return -ENOMEM;
	size_t bound = ZSTD_compressBound(raw.len);
	uint8_t *at = buf_extend(out, bound);
	if (!at)
		return buf_err(out);
	size_t n = ZSTD_compressCCtx(compressor, at, bound, raw.data, raw.len, LEVEL);
	bool failed = ZSTD_isError(n);
	out->len -= bound - (failed ? 0 : n);
	return failed ? -ENOMEM : 0;
}

int pack(enum pack_codec codec, struct span raw, struct buf *out)
{
	switch (codec) {
	case PACK_NONE:
		buf_put(out, raw.data, raw.len);
		return buf_err(out);
	case PACK_DEFLATE:
		return pack_deflate(raw, out);
	case PACK_ZSTD:
		return pack_zstd(raw, out);
	}
	return -EINVAL;
}

static int inflate_exact(struct span packed, uint8_t *at, size_t raw_len)
{
	uLongf n = raw_len;
	uLong used = packed.len;
	int r = uncompress2(at, &n, packed.data, &used);
	if (r == Z_MEM_ERROR)
		return -ENOMEM;
	return r == Z_OK && n == raw_len && used == packed.len ? 0 : -EBADMSG;
}

/* Exactly one frame of RFC 8878: a second one, or a skippable one, would be bytes that nothing vouches for,
 * and the library also reads the frames of its own past. */
static bool is_one_frame(struct span packed)
{
	static const uint8_t magic[] = { 0x28, 0xb5, 0x2f, 0xfd };
	return packed.len >= sizeof(magic) && memcmp(packed.data, magic, sizeof(magic)) == 0 &&
	       ZSTD_findFrameCompressedSize(packed.data, packed.len) == packed.len;
}

static int unzstd_exact(struct span packed, uint8_t *at, size_t raw_len)
{
	if (!is_one_frame(packed))
		return -EBADMSG;
	if (!decompressor)
		decompressor = ZSTD_createDCtx();
	if (!decompressor)
		return -ENOMEM;
	size_t n = ZSTD_decompressDCtx(decompressor, at, raw_len, packed.data, packed.len);
	if (ZSTD_getErrorCode(n) == ZSTD_error_memory_allocation)
		return -ENOMEM;
	return n == raw_len ? 0 : -EBADMSG;
}

static int copy_exact(struct span packed, uint8_t *at, size_t raw_len)
{
	if (packed.len != raw_len)
		return -EBADMSG;
	if (raw_len)
		memcpy(at, packed.data, raw_len);
	return 0;
}

static int unpack_exact(enum pack_codec codec, struct span packed, uint8_t *at, size_t raw_len)
{
	switch (codec) {
	case PACK_NONE:
		return copy_exact(packed, at, raw_len);
	case PACK_DEFLATE:
		return inflate_exact(packed, at, raw_len);
	case PACK_ZSTD:
		return unzstd_exact(packed, at, raw_len);
	}
	return -EBADMSG;
}

int unpack(enum pack_codec codec, struct span packed, size_t raw_len, struct buf *out)
{
	size_t before = out->len;
	uint8_t *at = buf_extend(out, raw_len);
	if (!at)
		return buf_err(out);
	int r = unpack_exact(codec, packed, at, raw_len);
	if (r < 0)
		out->len = before;
	return r;
}

void pack_end_thread(void)
{
	ZSTD_freeCCtx(compressor);
	ZSTD_freeDCtx(decompressor);
	compressor = NULL;
	decompressor = NULL;
}
