# SPDX-License-Identifier: GPL-3.0-or-later
# A front to Meson for those who type make. `make demo` and `make check` install the packages that they lack.

BUILD ?= build
SANITIZED ?= build-sanitized
PREFIX ?= /usr/local
DEMO ?= mvm-results/demo

.PHONY: all demo check bench install clean format packages packages-check

all: packages
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix $(PREFIX)
	ninja -C $(BUILD) mvm

packages:
	@scripts/install-packages build

packages-check:
	@scripts/install-packages check

demo: all
	scripts/demo $(BUILD)/mvm $(DEMO)

check: packages-check
	scripts/check $(BUILD) $(SANITIZED)

bench: all
	bench/all $(BUILD)/mvm

install: all
	meson install -C $(BUILD)

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf $(BUILD) $(SANITIZED)
