# `make bench`: figures beside their targets. See tests/bench/README.md.

BENCH_JSON ?=

.PHONY: bench

$(O)/tests/seal_bench: $(O)/tests/bench/seal_bench.o $(call archive,sealer) $(call archive,evidence) $(call archive,lib)
	$(call say,LD,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $(filter %.o %.a,$^) $(ALL_LDFLAGS) -lcrypto -lzstd -lz

## make bench       seal, verify, ingest, sizes, memory and latency, beside their targets (BENCH_JSON=file)
bench: all $(O)/tests/seal_bench $(O)/tests/sink_load
	$(Q)BIN=$(O) /usr/bin/python3 tests/bench/bench.py $(BENCH_JSON)

PAIRS ?= 15

$(O)/tests/storm: $(O)/tests/bench/storm.o
	$(call say,LD,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $< $(ALL_LDFLAGS)

.PHONY: bench-collect

## make bench-collect  what collection costs this machine: storms with and without it (root, by hand; PAIRS=15, AUDITD=1, BENCH_JSON=file)
bench-collect: all $(O)/tests/storm
	$(Q)BIN=$(O) PAIRS=$(PAIRS) AUDITD=$(AUDITD) /usr/bin/python3 tests/bench/collect_bench.py $(BENCH_JSON)
