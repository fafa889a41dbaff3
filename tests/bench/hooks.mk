# What the ways of hooking a call cost: see tests/bench/README.md.

.PHONY: bench-hooks

$(O)/tests/bench/hooks.bpf.o: tests/bench/hooks.bpf.c
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c -o $@ $<

$(O)/tests/bench/hooks.skel.h: $(O)/tests/bench/hooks.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name hooks_bpf > $@

$(O)/tests/bench/hook_cost.o: $(O)/tests/bench/hooks.skel.h

$(O)/tests/hook_cost: $(O)/tests/bench/hook_cost.o
	$(call say,LD,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $< $(ALL_LDFLAGS) -lbpf

## make bench-hooks the cost of each way to hook a call, here and in a virtual machine with VM_KERNEL (about 2 minutes)
bench-hooks: $(O)/tests/hook_cost
	$(Q)$(O)/tests/hook_cost
	$(Q)tests/bench/hook_cost_vm.sh $(O) $(VM_KERNEL)
