# The suites. `make check` needs no virtual machine and changes nothing on the machine but packages.

# A step is NAME=COMMAND; the fragments of the suites add theirs.
MAKE_QUIET   := $(MAKE) --no-print-directory
CHECK_STEPS  := lint='$(MAKE_QUIET) -j2 lint' build='$(MAKE_QUIET) -j2 all' san='$(MAKE_QUIET) -j2 SAN=1 all' unit='$(MAKE_QUIET) -j2 SAN=1 unit'
E2E          := $(sort $(wildcard tests/e2e/*_test.sh tests/e2e/*_test.py))
CHECK_STEPS  += $(foreach t,$(E2E),$(basename $(notdir $(t)))='BIN=$(BUILD)/san $(t)')
ifneq ($(wildcard tests/independent/test_verify.py),)
CHECK_STEPS  += independent='cd tests/independent && /usr/bin/python3 -m unittest -q'
endif
ifneq ($(wildcard tests/model/run.sh),)
CHECK_STEPS  += model='tests/model/run.sh'
endif
ifneq ($(wildcard tests/fuzz/fuzz.mk),)
CHECK_STEPS  += fuzz='$(MAKE_QUIET) -j2 fuzz'
endif

.PHONY: check

## make check       everything that must pass, in about five minutes
check: deps
	$(Q)bash tests/check.sh $(BUILD)/check $(CHECK_STEPS)
