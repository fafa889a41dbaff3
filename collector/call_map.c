#include "collector/call_map.h"

#include <bpf/bpf.h>

#include "collector/calls.h"

static struct bpf_call wanted_call(const struct call_shape *shape, const struct kinds *kinds)
{
	struct bpf_call call = shape ? shape->bpf : (struct bpf_call){ 0 };
	if (!kinds_wanted(kinds, call.kind))
		call.kind = 0;
	if (!kinds_wanted(kinds, call.read))
		call.read = 0;
	return call;
}

int call_map_fill(int fd, const struct kinds *kinds)
{
	for (uint32_t number = 0; number < BPF_CALLS; number++) {
		const struct call_shape *native = call_find(false, number);
		const struct call_shape *compat = call_find(true, number);
		struct bpf_call_pair pair = { wanted_call(native, kinds), wanted_call(compat, kinds) };
		if (!native && !compat)
			continue;
		int err = bpf_map_update_elem(fd, &number, &pair, BPF_ANY);
		if (err)
			return err;
	}
	return 0;
}
