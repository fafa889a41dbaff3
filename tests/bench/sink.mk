# The sink's load generator: see tests/bench/sink_bench.sh.

$(O)/tests/sink_load: $(O)/tests/bench/sink_load.o $(SUPPORT_OBJS) $(call archive,evidence) $(call archive,lib)
	$(call say,LD,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $(filter %.o %.a,$^) $(ALL_LDFLAGS) -lssl -lcrypto -lzstd -lz -lyaml
