# `make bench`: figures beside their targets. See tests/bench/README.md.

BENCH_JSON ?=

.PHONY: bench

$(O)/tests/seal_bench: $(O)/tests/bench/seal_bench.o $(call archive,sealer) $(call archive,evidence) $(call archive,lib)
	$(call say,LD,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $(filter %.o %.a,$^) $(ALL_LDFLAGS) -lcrypto -lzstd -lz

## make bench       seal, verify, ingest, sizes, memory and latency, beside their targets (BENCH_JSON=file)
bench: all $(O)/tests/seal_bench $(O)/tests/sink_load
	$(Q)BIN=$(O) /usr/bin/python3 tests/bench/bench.py $(BENCH_JSON)
