# The suites. `make check` needs no virtual machine and changes nothing on the machine but packages.

MAKE_QUIET := $(MAKE) --no-print-directory
E2E        := $(sort $(wildcard tests/e2e/*_test.sh tests/e2e/*_test.py))

# A step is NAME=COMMAND.
CHECK_STEPS := lint='$(MAKE_QUIET) -j2 lint' build='$(MAKE_QUIET) -j2 all' san='$(MAKE_QUIET) -j2 SAN=1 all' \
	unit='$(MAKE_QUIET) -j2 SAN=1 unit' -- \
	$(foreach t,$(E2E),$(basename $(notdir $(t)))='BIN=$(BUILD)/san $(t)') \
	independent='/usr/bin/python3 -m unittest discover -q -s tests/independent' \
	drill='$(BUILD)/san/swornlog drill' \
	model='$(MAKE_QUIET) model' \
	$(if $(wildcard tests/fuzz/fuzz.mk),fuzz='$(MAKE_QUIET) -j2 fuzz FUZZ_S=1')
VM_STEPS    := vm-smoke='$(MAKE_QUIET) vm-smoke'
LONG_STEPS  := auparse-long='$(MAKE_QUIET) -j2 SAN=1 $(BUILD)/san/tests/unit-audit && AUPARSE_RECORDS=500000 $(BUILD)/san/tests/unit-audit --filter "auparse/*"' \
	fuzz-long='$(MAKE_QUIET) -j2 fuzz FUZZ_S=600' kill-long='KILLS=200 BIN=$(BUILD)/san tests/e2e/kill_test.py' \
	join-long='KILLS=100 BIN=$(BUILD)/san tests/e2e/join_test.py' witness-long='KILLS=100 BIN=$(BUILD)/san tests/e2e/witness_test.py' \
	cosign-long='KILLS=100 BIN=$(BUILD)/san tests/e2e/cosign_test.py'

.PHONY: check check-long ci

## make check       everything that must pass, in about five minutes
check: deps
	$(Q)bash tests/check.sh $(BUILD)/check $(CHECK_STEPS)

## make check-long  the slow suites: hundreds of kills
check-long: deps
	$(Q)$(MAKE_QUIET) -j2 SAN=1 all
	$(Q)bash tests/check.sh $(BUILD)/check-long $(LONG_STEPS)

ci: deps
	$(Q)bash tests/check.sh $(BUILD)/check $(CHECK_STEPS) $(VM_STEPS)
