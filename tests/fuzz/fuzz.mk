# `make fuzz`: each tests/fuzz/x_fuzz.c for FUZZ_S seconds, built with clang's libFuzzer and sanitizers. A fuzzer links
# against the folders that it includes from. FUZZ=x runs one of them.

FUZZ_S       ?= 10
FUZZ_O       := $(BUILD)/fuzz
FUZZ_NAMES   := $(patsubst tests/fuzz/%_fuzz.c,%,$(sort $(wildcard tests/fuzz/*_fuzz.c)))
FUZZ         ?= $(FUZZ_NAMES)
FUZZ_FLAGS   := -std=gnu17 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_SOURCES := $(foreach d,$(FOLDERS),$(call sources,$(d))) $(wildcard tests/support/*.c)
FUZZ_OBJS    := $(FUZZ_SOURCES:%.c=$(FUZZ_O)/%.o)

$(FUZZ_O)/%.o: %.c Makefile | $(SKELS)
	$(call say,FUZZCC,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

define fuzz_archive
$(FUZZ_O)/$(1).a: $(patsubst %.c,$(FUZZ_O)/%.o,$(2))
	$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach d,$(FOLDERS),$(if $(call sources,$(d)),$(eval $(call fuzz_archive,$(d),$(call sources,$(d))))))
$(eval $(call fuzz_archive,tests/support,$(wildcard tests/support/*.c)))

# The folders that a fuzzer names, what those stand on, and what tests share.
named     = $(filter $(FOLDERS),$(shell sed -n 's|^\#include "\([a-z]*\)/.*|\1|p' tests/fuzz/$(1)_fuzz.c))
fuzz_dirs = tests/support $(filter-out audit evidence lib,$(sort $(call named,$(1)))) $(if $(filter cli,$(call named,$(1))),verify) audit evidence lib

define fuzz_rule
$(FUZZ_O)/$(1): $(FUZZ_O)/tests/fuzz/$(1)_fuzz.o $(foreach d,$(call fuzz_dirs,$(1)),$(FUZZ_O)/$(d).a)
	$$(call say,LD,$$@)
	$(Q)$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $$@ $$^ $(filter-out -lcriterion,$(UNIT_LIBS))
endef
$(foreach f,$(FUZZ_NAMES),$(eval $(call fuzz_rule,$(f))))

# Good inputs to begin with, for those that parse what others have signed or hashed.
FUZZ_SEEDS := $(FUZZ_O)/seeds

$(FUZZ_O)/make_seeds: $(FUZZ_O)/tests/fuzz/make_seeds.o $(FUZZ_O)/tests/support.a $(FUZZ_O)/evidence.a $(FUZZ_O)/lib.a
	$(call say,LD,$@)
	$(Q)$(CLANG) $(FUZZ_FLAGS) -o $@ $^ $(filter-out -lcriterion,$(UNIT_LIBS))

$(FUZZ_SEEDS)/made: $(FUZZ_O)/make_seeds
	$(Q)rm -rf $(@D) && $< $(@D) && touch $@

.PHONY: fuzz

## make fuzz        each fuzzer for FUZZ_S seconds (FUZZ=name: one of them)
fuzz: $(FUZZ:%=$(FUZZ_O)/%) $(FUZZ_SEEDS)/made
	$(Q)passed=0 failed=0; mkdir -p $(FUZZ_O)/found; for f in $(FUZZ); do mkdir -p $(FUZZ_O)/corpus/$$f $(FUZZ_SEEDS)/$$f; \
		if $(FUZZ_O)/$$f -max_total_time=$(FUZZ_S) -max_len=8192 -timeout=10 -rss_limit_mb=3000 \
			-artifact_prefix=$(FUZZ_O)/found/$$f- $(FUZZ_O)/corpus/$$f $(FUZZ_SEEDS)/$$f >$(FUZZ_O)/$$f.log 2>&1; \
		then passed=$$((passed + 1)); echo "ok - $$f"; \
		else failed=$$((failed + 1)); echo "not ok - $$f"; tail -n 30 $(FUZZ_O)/$$f.log; fi; \
	done; echo "$$passed passed, $$failed failed"; [ $$failed -eq 0 ]

-include $(FUZZ_OBJS:.o=.d)
