RUN_DIR ?= /var/tmp/swornlog-run

.PHONY: run undo

## make run         a sink and an agent on this machine, live, verified at the end (DURATION=30, JSON=file)
run: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)RUN_DIR=$(RUN_DIR) DURATION='$(DURATION)' JSON='$(JSON)' bash packaging/run.sh $(O)

## make undo        remove what make run left behind
undo:
	$(Q)lease=$(RUN_DIR)/run/audit.lease; if [ -e $$lease ]; then $(RUN_DIR)/bin/swornlog-collector --audit-restore $$lease; fi
	$(Q)rm -rf $(RUN_DIR) $(RUN_DIR).lock
