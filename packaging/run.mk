RUN_DIR ?= /var/tmp/swornlog-run

.PHONY: run undo

RUN = RUN_DIR='$(RUN_DIR)' DURATION='$(DURATION)' JSON='$(JSON)' bash packaging/run.sh

# Refusals come before the packages and the build; -j only where the caller has not chosen.
## make run         a sink and an agent on this machine, live, verified at the end (DURATION=30, JSON=file)
run:
	$(Q)$(RUN) --preflight
	$(Q)$(MAKE) --no-print-directory deps
	$(Q)$(MAKE) --no-print-directory -s $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$$(nproc)) all
	$(Q)$(RUN) $(O)

## make undo        remove what make run left behind
undo:
	$(Q)$(RUN) --undo
