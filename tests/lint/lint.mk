# `make lint`: layers, headers that stand alone, format, gcc's analyzer, and a clang build without a warning.

LINT_SOURCES := $(foreach d,$(FOLDERS),$(wildcard $(d)/*.c))
LINT_HEADERS := $(foreach d,$(FOLDERS),$(wildcard $(d)/*.h)) $(wildcard bpf/events.h)
FORMATTED    := $(foreach d,$(FOLDERS) bpf,$(wildcard $(d)/*.[ch])) $(shell find tests -name '*.[ch]' | sort)
ANALYZED     := $(LINT_SOURCES:%.c=$(BUILD)/analyze/%.ok)
ALONE        := $(LINT_HEADERS:%=$(BUILD)/alone/%.ok)

.PHONY: lint layers alone format-check analyze clang-build

## make lint        layers, headers, format, analyzer, clang
lint: layers format-check alone analyze clang-build

layers:
	$(call say,LINT,layers)
	$(Q)/usr/bin/python3 tests/lint/layers.py

format-check:
	$(call say,LINT,format)
	$(Q)clang-format --dry-run --Werror $(FORMATTED)

alone: $(ALONE)
$(BUILD)/alone/%.h.ok: %.h | $(SKELS)
	$(call say,ALONE,$<)
	@mkdir -p $(@D)
	$(Q)echo '#include "$<"' | $(CC) $(CPPFLAGS) -std=gnu17 $(WARN) -fsyntax-only -x c -
	@touch $@

# The analyzer knows the cleanup attribute, and loses sight of memory that hangs in a list of the caller's or lies at an offset from a table.
ANALYZE_FLAGS_lib/config        := -Wno-analyzer-malloc-leak
ANALYZE_FLAGS_lib/redact_config := -Wno-analyzer-malloc-leak
ANALYZE_FLAGS_verify/host_seal  := -Wno-analyzer-malloc-leak
ANALYZE_FLAGS_verify/statements := -Wno-analyzer-malloc-leak
analyze: $(ANALYZED)
$(BUILD)/analyze/%.ok: %.c $(LINT_HEADERS) | $(SKELS)
	$(call say,ANALYZE,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -std=gnu17 -O1 -fanalyzer -Werror -Wno-analyzer-too-complex $(ANALYZE_FLAGS_$*) -c -o /dev/null $<
	@touch $@

clang-build:
	$(Q)$(MAKE) --no-print-directory CC=$(CLANG) all
