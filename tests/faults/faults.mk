# Every allocation fails once: one criterion program whose malloc, calloc and realloc are wrapped. It runs with `make unit`.

FAULTS_O    := $(O)/tests/unit-faults
FAULTS_WRAP := -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc

$(FAULTS_O): $(patsubst %.c,$(O)/%.o,$(wildcard tests/faults/*_test.c)) $(SUPPORT_OBJS) $(call archive,evidence) $(call archive,lib)
	$(call say,LD,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $(filter %.o %.a,$^) $(ALL_LDFLAGS) $(FAULTS_WRAP) $(UNIT_LIBS)

UNITS += $(FAULTS_O)
unit: $(FAULTS_O)

# The same for what runs on the tests' disk, which must not fail itself: our archives call other functions than malloc, and
# the disk is linked with a lib of its own that it shows to nobody.

OURS_O      := $(O)/tests/faults/ours
OURS_RENAME := $(foreach f,malloc calloc realloc reallocarray,--redefine-sym $(f)=failing_$(f))
OBJCOPY     ?= objcopy

$(OURS_O)/%.a: $(O)/%.a
	@mkdir -p $(@D)
	$(Q)$(OBJCOPY) $(OURS_RENAME) $< $@

$(OURS_O)/disk.o: $(O)/tests/support/fault_env.o $(O)/tests/support/fault_disk.o $(call archive,lib)
	@mkdir -p $(@D)
	$(Q)$(LD) -r -o $@ $^ && $(OBJCOPY) -w --keep-global-symbol='fault_env_*' $@

$(O)/tests/unit-faults-ours: $(patsubst %.c,$(O)/%.o,$(wildcard tests/faults/ours/*.c)) $(OURS_O)/disk.o \
		$(O)/tests/support/host_log.o $(O)/tests/support/bytes.o $(OURS_O)/sealer.a $(OURS_O)/audit.a $(OURS_O)/evidence.a $(OURS_O)/lib.a
	$(call say,LD,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) $(UNIT_LIBS)

UNITS += $(O)/tests/unit-faults-ours
unit: $(O)/tests/unit-faults-ours
