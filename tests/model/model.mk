.PHONY: model

$(BUILD)/seal_model: tests/model/seal_model.c
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -O2 -Wall -Wextra -Werror -o $@ $<

## make model       enumerate the protocol of sealing and shipping, every crash point included
model: $(BUILD)/seal_model
	$(Q)tests/model/run.sh $(BUILD)/seal_model
