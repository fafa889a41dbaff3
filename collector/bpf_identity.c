#include "collector/bpf_identity.h"

#include <bpf/bpf.h>

#include "lib/cbor.h"

void bpf_identity_put_link(struct buf *b, int fd)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd, &info, &size)) {
		cbor_put_null(b);
		return;
	}
	cbor_put_array(b, 2);
	cbor_put_uint(b, info.id);
	cbor_put_uint(b, info.prog_id);
}

void bpf_identity_put_map(struct buf *b, int fd)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		cbor_put_null(b);
	else
		cbor_put_uint(b, info.id);
}
