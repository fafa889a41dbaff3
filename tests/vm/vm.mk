# The tests that boot a virtual machine of their own (qemu, software emulation). See tests/vm/.

VM_KERNEL  ?= 6.1
VM_KERNELS ?= 5.10 6.1 6.12 newest
VM_PROBES  := $(patsubst %,$(O)/tests/vm/%,actions actions32 audit_listen audit_probe bind_mknod close_fd exec_count flood intake_probe key_watch)

.PHONY: check-vm docs-kernels vm-actions vm-audit vm-audit-types vm-collect vm-degraded vm-drill vm-erasure vm-execs vm-flood vm-logins vm-power vm-restart vm-selftest vm-sensors vm-smoke vm-units

$(O)/tests/vm/%: $(O)/tests/vm/probes/%.o
	$(call say,LD,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $< $(ALL_LDFLAGS) -lbpf

# Runs the collector's own code.
AUDIT_PROBE_DIRS := collector audit evidence lib
$(O)/tests/vm/audit_probe: $(O)/tests/vm/probes/audit_probe.o $(foreach d,$(AUDIT_PROBE_DIRS),$(call archive,$(d)))
	$(call say,LD,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) -lbpf -laudit -lcap-ng -lcrypto -lyaml -lpcre2-8

$(O)/tests/vm/intake_probe: $(O)/tests/vm/probes/intake_probe.o $(call archive,evidence) $(call archive,lib)
	$(call say,LD,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) -lcrypto

$(O)/tests/vm/key_watch: $(O)/tests/vm/probes/key_watch.o $(call archive,sealer) $(call archive,evidence) $(call archive,lib)
	$(call say,LD,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) -lcrypto -lzstd -lz

# At a low address, so that it can name its own memory to 32-bit system calls.
ACTION_PARTS := actions $(basename $(notdir $(wildcard tests/vm/probes/action_*.c)))
$(O)/tests/vm/actions: $(ACTION_PARTS:%=$(O)/tests/vm/probes/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $^ -static -no-pie -pthread

# Empty where the compiler makes no 32-bit programs.
$(O)/tests/vm/actions32: tests/vm/probes/actions32.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 -std=gnu17 -O2 -Wall -Wextra -ffreestanding -fno-pie -fno-stack-protector -nostdlib -static -o $@ $< || : > $@

$(O)/tests/vm/probes/exec_count.o: $(O)/tests/vm/exec_count.skel.h

$(O)/tests/vm/%.skel.h: $(O)/tests/vm/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

$(O)/tests/vm/%.bpf.o: tests/vm/probes/%.bpf.c
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c -o $@ $<

## make vm-selftest that the virtual machine harness works (about 15 s)
vm-selftest: $(O)/tests/vm/audit_listen $(O)/tests/vm/exec_count
	$(Q)tests/vm/selftest.sh $(O)

## make vm-smoke    the smoke run in a virtual machine with VM_KERNEL (about 10 s)
vm-smoke: all $(O)/tests/vm/audit_probe
	$(Q)tests/vm/smoke.sh $(O) $(VM_KERNEL)

## make vm-erasure  used seal keys on the raw disk of a sealer, with VM_KERNEL (about 40 s)
vm-erasure: all $(O)/tests/vm/key_watch
	$(Q)tests/vm/erasure.sh $(O) $(VM_KERNEL)

## make vm-power    the power goes while sink and agent write, three times, with VM_KERNEL (about 60 s)
vm-power: all
	$(Q)tests/vm/power_cut.sh $(O) $(VM_KERNEL)

## make vm-audit    the audit source in a virtual machine with VM_KERNEL (about 60 s)
vm-audit: all $(O)/tests/vm/audit_probe
	$(Q)tests/vm/audit.sh $(O) $(VM_KERNEL)

## make vm-audit-types what audit reports without a rule of ours, with VM_KERNEL (about 100 s)
vm-audit-types: $(O)/tests/vm/audit_probe
	$(Q)tests/vm/audit_types.sh $(O) $(VM_KERNEL)

## make vm-collect  the collector's programs in a virtual machine with VM_KERNEL (about 10 s)
vm-collect: $(O)/swornlog-collector $(O)/tests/vm/bind_mknod $(O)/tests/vm/intake_probe
	$(Q)tests/vm/collect.sh $(O) $(VM_KERNEL)

## make vm-restart  a collector that is killed while files change, and the next one, with VM_KERNEL (about 60 s)
vm-restart: $(O)/swornlog-collector $(O)/tests/vm/intake_probe
	$(Q)tests/vm/restart.sh $(O) $(VM_KERNEL)

## make vm-sensors  hands laid on the collector's sensors, with VM_KERNEL (about 60 s)
vm-sensors: $(O)/swornlog-collector $(O)/tests/vm/audit_probe $(O)/tests/vm/close_fd $(O)/tests/vm/intake_probe
	$(Q)tests/vm/sensors.sh $(O) $(VM_KERNEL)

## make vm-drill    the sins of swornlog drill that change the machine, with VM_KERNEL (about 2 minutes)
vm-drill: all
	$(Q)tests/vm/drill.sh $(O) $(VM_KERNEL)

## make vm-actions  known actions and what is recorded of them, with VM_KERNEL (about 15 s)
vm-actions: all $(O)/tests/vm/actions $(O)/tests/vm/actions32
	$(Q)tests/vm/actions.sh $(O) $(VM_KERNEL)

## make vm-execs    execs witnessed by audit and BPF, and the silence of either, with VM_KERNEL (about 60 s)
vm-execs: $(O)/swornlog-collector $(O)/tests/vm/audit_probe $(O)/tests/vm/close_fd $(O)/tests/vm/intake_probe
	$(Q)tests/vm/execs.sh $(O) $(VM_KERNEL)

## make vm-logins   sshd, sudo, su and login in a Debian, with VM_KERNEL (about 60 s; a minute more the first time)
vm-logins: all
	$(Q)tests/vm/logins.sh $(O) $(VM_KERNEL)

## make vm-flood    more than can be recorded, and whether the accounts are exact, with VM_KERNEL (about 45 s)
vm-flood: all $(O)/tests/vm/flood
	$(Q)tests/vm/flood.sh $(O) $(VM_KERNEL)

## make vm-degraded the collector where audit, BTF, bpffs or more is missing, on 6.12 (about 90 s)
vm-degraded: $(O)/swornlog-collector $(O)/tests/vm/audit_probe $(O)/tests/vm/intake_probe
	$(Q)tests/vm/degraded.sh $(O) 6.12

## make vm-units    the packages in a Debian with systemd, with VM_KERNEL (about 30 s; 2 minutes the first time)
vm-units: deb
	$(Q)tests/vm/units.sh $(O) $(VM_KERNEL)

# A cell is a kernel, a colon, and arguments of its command line with + between them; its name has them without signs.
ACTION_CELLS := $(VM_KERNELS:%=%:) 6.1:audit=0 6.12:preempt=full 6.12:sysctl.kernel.ftrace_enabled=0 5.10:lsm=lockdown,yama,bpf
VM_CELLS  := $(filter-out 5.10:lsm%,$(ACTION_CELLS)) 6.12:lsm=lockdown,yama,apparmor 6.12:lockdown=confidentiality 6.12:audit=1+audit_backlog_limit=64
# Where hooks attach and stay silent.
TIER_CELLS := $(VM_KERNELS:%=%:) 5.10:lsm=lockdown,yama,bpf 6.12:lsm=lockdown,yama,apparmor 6.12:sysctl.kernel.ftrace_enabled=0
cell_name = $(subst =,-,$(subst +,-,$(subst $(comma),-,$(patsubst %-,%,$(subst :,-,$(1))))))
cell_args = $(firstword $(subst :, ,$(1))) "$(subst +, ,$(word 2,$(subst :, ,$(1))))"
step_of   = $(1)-$(call cell_name,$(2))='tests/vm/$(1).sh $(O) $(call cell_args,$(2))'

## make check-vm    everything that needs a virtual machine, smoke and collector on every kernel of VM_KERNELS
VM_SUITE := selftest='tests/vm/selftest.sh $(O) $(VM_KERNELS)' $(foreach c,$(VM_CELLS),$(call step_of,smoke,$(c))) \
	$(foreach c,$(ACTION_CELLS),$(call step_of,actions,$(c))) \
	$(foreach k,$(VM_KERNELS),flood-$(k)='tests/vm/flood.sh $(O) $(k)') \
	decoy-6.12='tests/vm/flood.sh $(O) 6.12 "preempt=full decoy"' decoy-newest='tests/vm/flood.sh $(O) newest decoy' \
	$(foreach k,$(VM_KERNELS),logins-$(k)='tests/vm/logins.sh $(O) $(k)') \
	$(foreach c,$(TIER_CELLS),$(call step_of,collect,$(c))) \
	sensors-6.1='tests/vm/sensors.sh $(O) 6.1' sensors-6.12='tests/vm/sensors.sh $(O) 6.12' \
	drill-6.1='tests/vm/drill.sh $(O) 6.1' drill-6.12='tests/vm/drill.sh $(O) 6.12' \
	execs-6.1='tests/vm/execs.sh $(O) 6.1' execs-6.12='tests/vm/execs.sh $(O) 6.12' \
	restart-6.1='tests/vm/restart.sh $(O) 6.1' restart-6.12='tests/vm/restart.sh $(O) 6.12' \
	audit-types='tests/vm/audit_types.sh $(O)' degraded-6.1='tests/vm/degraded.sh $(O) 6.1' degraded-6.12='tests/vm/degraded.sh $(O) 6.12' \
	erasure='tests/vm/erasure.sh $(O)' power='tests/vm/power_cut.sh $(O)' audit='$(MAKE_QUIET) vm-audit' units='$(MAKE_QUIET) vm-units'
check-vm: all $(VM_PROBES)
	$(Q)rm -rf $(O)/tests/vm/seen
	$(Q)bash tests/check.sh $(BUILD)/check-vm $(VM_SUITE); status=$$?; \
		tests/vm/kernels_table.py docs/kernels.md $(O)/tests/vm/seen tests/vm/misses && exit $$status

## make docs-kernels write what the last check-vm has seen into docs/kernels.md
docs-kernels:
	$(Q)tests/vm/kernels_table.py --write docs/kernels.md $(O)/tests/vm/seen tests/vm/misses
