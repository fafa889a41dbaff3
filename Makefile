# swornlog: one Makefile, not recursive. `make help` lists what it does.
# A program's list of folders is its architecture: it links against those and nothing else.

VERSION   := 0.1.0
CC        ?= gcc
CLANG     ?= clang
BPFTOOL   ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PKGCONFIG ?= pkg-config
PREFIX    ?= /usr
DESTDIR   ?=
BUILD     ?= build
V         ?= 0
# SAN=1 builds with AddressSanitizer and UndefinedBehaviorSanitizer, in a folder of its own.
SAN       ?= 0

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)')

# Plain names, so that several builds (gcc, clang, sanitizers) live side by side.
O := $(BUILD)/$(if $(filter 1,$(SAN)),san,opt)$(if $(findstring clang,$(CC)),-clang)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wformat=2 \
	-Wcast-qual -Wswitch-enum -Wconversion -Wnull-dereference -Werror
ifeq ($(findstring clang,$(CC)),)
WARN += -Wlogical-op -Wduplicated-cond -Wduplicated-branches
endif

# Sanitized code compiles in two thirds of the time without the second level, and its tests run as fast.
CFLAGS   ?= $(if $(filter 1,$(SAN)),-O1,-O2) -g
HARDEN   := -fstack-protector-strong -fPIE $(if $(filter 1,$(SAN)),,-D_FORTIFY_SOURCE=2)
CPPFLAGS += -D_GNU_SOURCE -I. -isystem $(O) -DSWORNLOG_VERSION='"$(VERSION)"'
ALL_CFLAGS = -std=gnu17 $(WARN) $(CFLAGS) $(HARDEN) $(SANFLAGS)
ALL_LDFLAGS = $(LDFLAGS) -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SANFLAGS)
comma := ,
SANFLAGS := $(if $(filter 1,$(SAN)),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)

FOLDERS := lib evidence audit collector sealer shipper sink registrar witness verify agent drill cli

# program: main file, folders (dependents first), libraries
PROGRAMS := swornlog swornlog-agent swornlog-collector swornlog-sealer swornlog-shipper swornlog-sink swornlog-registrar swornlog-witness
swornlog_MAIN           := cli/main.c
swornlog_DIRS           := cli drill verify audit evidence lib
swornlog_LIBS           := -lcurl -ljansson -laudit -lcrypto -lssl -lzstd -lz -lyaml -lpcre2-8
swornlog-agent_MAIN     := agent/launcher_main.c
swornlog-agent_DIRS     := agent evidence lib
swornlog-agent_LIBS     := -lcrypto -lzstd -lz -lyaml
swornlog-collector_MAIN := agent/collector_main.c
swornlog-collector_DIRS := agent collector audit evidence lib
swornlog-collector_LIBS := -lbpf -laudit -lcap-ng -lcrypto -lyaml -lpcre2-8
swornlog-sealer_MAIN    := agent/sealer_main.c
swornlog-sealer_DIRS    := agent sealer evidence lib
swornlog-sealer_LIBS    := -levent_core -lcrypto -lzstd -lz -lyaml
swornlog-shipper_MAIN   := agent/shipper_main.c
swornlog-shipper_DIRS   := agent shipper evidence lib
swornlog-shipper_LIBS   := -lcurl -lssl -lcrypto -lzstd -lz -lyaml
swornlog-sink_MAIN      := sink/main.c
swornlog-sink_DIRS      := sink evidence lib
swornlog-sink_LIBS      := -levent_core -levent_openssl -lcurl -lssl -lcrypto -lzstd -lz -lyaml
swornlog-registrar_MAIN := registrar/main.c
swornlog-registrar_DIRS := registrar evidence lib
swornlog-registrar_LIBS := -levent_core -levent_openssl -lssl -lcrypto -lyaml
swornlog-witness_MAIN   := witness/main.c
swornlog-witness_DIRS   := witness evidence lib
swornlog-witness_LIBS   := -levent_core -levent_openssl -lssl -lcrypto -lzstd -lz -lyaml

MAINS   := $(foreach p,$(PROGRAMS),$($(p)_MAIN))
PRESENT := $(foreach p,$(PROGRAMS),$(if $(wildcard $($(p)_MAIN)),$(p)))

BPF_SRC  := $(wildcard bpf/*.bpf.c)
SKELS    := $(BPF_SRC:bpf/%.bpf.c=$(O)/bpf/%.skel.h)
BPF_CFLAGS := -target bpf -mcpu=v2 -g -O2 -Wall -Wextra -Wno-unused-parameter -Werror -I. \
	-I/usr/include/$(shell $(CC) -dumpmachine 2>/dev/null | sed 's/x86_64-.*linux-gnu/x86_64-linux-gnu/') \
	-D__TARGET_ARCH_$(shell uname -m | sed 's/x86_64/x86/;s/aarch64/arm64/')

sources = $(filter-out $(MAINS),$(wildcard $(1)/*.c))
archive = $(O)/$(1).a
LIBS_OF = $(foreach d,$($(1)_DIRS),$(if $(call sources,$(d)),$(call archive,$(d))))

.DEFAULT_GOAL := all
.PHONY: all help clean deps check unit
.SECONDARY:
.DELETE_ON_ERROR:

all: $(PRESENT:%=$(O)/%)

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

$(O)/%.o: %.c Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h)
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c -o $@ $<

$(O)/bpf/%.skel.h: $(O)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

# Skeletons are system headers to the compiler (their code is not ours to warn about), so -MMD leaves them out.
$(O)/collector/bpf_hook.o $(O)/collector/object_load.o: $(SKELS)

define folder_rule
$(call archive,$(1)): $(patsubst %.c,$(O)/%.o,$(call sources,$(1)))
	$$(call say,AR,$$@)
	$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach d,$(FOLDERS),$(eval $(call folder_rule,$(d))))

define program_rule
$(O)/$(1): $(O)/$(basename $($(1)_MAIN)).o $(call LIBS_OF,$(1))
	$$(call say,LD,$$@)
	$(Q)$$(CC) $$(ALL_CFLAGS) -o $$@ $$(filter %.o %.a,$$^) $$(ALL_LDFLAGS) $($(1)_LIBS)
endef
$(foreach p,$(PRESENT),$(eval $(call program_rule,$(p))))

# Unit tests: tests/unit/<folder>/*_test.c make one criterion program a folder.

UNIT_FOLDERS := $(notdir $(patsubst %/,%,$(dir $(wildcard tests/unit/*/*_test.c))))
UNIT_FOLDERS := $(sort $(UNIT_FOLDERS))
UNIT_LIBS    := -lcriterion -ljansson -lbpf -laudit -lcap-ng -levent_core -levent_extra -levent_openssl -lcurl -lssl -lcrypto -lzstd -lz -lyaml -lpcre2-8
TEST_CFLAGS   = -std=gnu17 -Wall -Wextra -Wno-missing-field-initializers -Werror $(CFLAGS) -fPIE $(SANFLAGS)
# tests/support, which every one links, needs evidence.
unit_dirs     = $(if $(filter lib evidence,$(1)),evidence lib,$(1) $(if $(filter cli,$(1)),drill) $(if $(filter cli drill,$(1)),verify) $(if $(filter cli collector,$(1)),audit) evidence lib)

$(O)/tests/%.o: tests/%.c Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(TEST_CFLAGS) -MMD -MP -c -o $@ $<

SUPPORT_OBJS := $(patsubst %.c,$(O)/%.o,$(wildcard tests/support/*.c))

define unit_rule
$(O)/tests/unit-$(1): $(patsubst %.c,$(O)/%.o,$(wildcard tests/unit/$(1)/*_test.c)) $(SUPPORT_OBJS) \
		$(foreach d,$(call unit_dirs,$(1)),$(if $(call sources,$(d)),$(call archive,$(d))))
	$$(call say,LD,$$@)
	$(Q)$$(CC) $$(TEST_CFLAGS) -o $$@ $$(filter %.o %.a,$$^) $$(ALL_LDFLAGS) $(UNIT_LIBS)
endef
$(foreach d,$(UNIT_FOLDERS),$(eval $(call unit_rule,$(d))))

UNITS := $(UNIT_FOLDERS:%=$(O)/tests/unit-%)

## make unit        the unit tests of this build (SAN=1 for sanitizers)
unit: $(UNITS)
	$(Q)failed=0; for t in $(UNITS); do echo "  TEST    $$t"; $$t -j2 || failed=1; done; exit $$failed

## make deps        list the packages that are missing and install them (root)
deps:
	$(Q)sh packaging/deps.sh

## make clean       remove what was built
clean:
	rm -rf $(BUILD)

include tests/lint/lint.mk
include tests/check.mk
-include tests/faults/faults.mk tests/fuzz/fuzz.mk tests/model/model.mk tests/vm/vm.mk tests/bench/bench.mk tests/bench/hooks.mk tests/bench/sink.mk packaging/install.mk packaging/run.mk
-include $(shell find $(O) -name '*.d' 2>/dev/null)
