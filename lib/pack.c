#include "lib/pack.h"

#include <zlib.h>
#include <zstd.h>

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

static bool inflate_exact(struct span packed, uint8_t *at, size_t raw_len)
{
	uLongf n = raw_len;
	uLong used = packed.len;
	return uncompress2(at, &n, packed.data, &used) == Z_OK && n == raw_len && used == packed.len;
}

static bool unzstd_exact(struct span packed, uint8_t *at, size_t raw_len)
{
	if (!decompressor)
		decompressor = ZSTD_createDCtx();
	/* Exactly one frame: a second one, or a skippable one, would be bytes that nothing vouches for. */
	return decompressor && ZSTD_findFrameCompressedSize(packed.data, packed.len) == packed.len &&
	       ZSTD_decompressDCtx(decompressor, at, raw_len, packed.data, packed.len) == raw_len;
}

static bool unpack_exact(enum pack_codec codec, struct span packed, uint8_t *at, size_t raw_len)
{
	switch (codec) {
	case PACK_NONE:
		if (packed.len != raw_len)
			return false;
		if (raw_len)
			memcpy(at, packed.data, raw_len);
		return true;
	case PACK_DEFLATE:
		return inflate_exact(packed, at, raw_len);
	case PACK_ZSTD:
		return unzstd_exact(packed, at, raw_len);
	}
	return false;
}

int unpack(enum pack_codec codec, struct span packed, size_t raw_len, struct buf *out)
{
	size_t before = out->len;
	uint8_t *at = buf_extend(out, raw_len);
	if (!at)
		return buf_err(out);
	if (unpack_exact(codec, packed, at, raw_len))
		return 0;
	out->len = before;
	return -EBADMSG;
}
