# Every allocation fails once: one criterion program whose malloc, calloc and realloc are wrapped. It runs with `make unit`.

FAULTS_O    := $(O)/tests/unit-faults
FAULTS_WRAP := -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc

$(FAULTS_O): $(patsubst %.c,$(O)/%.o,$(wildcard tests/faults/*_test.c)) $(SUPPORT_OBJS) $(call archive,evidence) $(call archive,lib)
	$(call say,LD,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $(filter %.o %.a,$^) $(ALL_LDFLAGS) $(FAULTS_WRAP) $(UNIT_LIBS)

UNITS += $(FAULTS_O)
unit: $(FAULTS_O)
