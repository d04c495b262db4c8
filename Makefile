# SPDX-License-Identifier: GPL-3.0-or-later
# A front to Meson for those who type make. `make demo` and `make check` install the packages that they lack.

BUILD ?= build
SANITIZED ?= build-sanitized
THREADS ?= build-threads
GUIDED ?= build-guided
STATIC ?= build-static
PREFIX ?= /usr/local
DEMO ?= mvm-results/demo

FUZZ_COUNT ?= 1000000
FUZZ_SEED ?= 1
FUZZ_SECONDS ?= 1000000

.PHONY: all demo check check-kvm check-qemu-lean qemu-lean bench fuzz fuzz-guided install clean format packages packages-check
.PHONY: check-openstack check-threads static check-static deb check-deb check-reproducible

all:
	@command -v meson >/dev/null || { echo "meson is not installed; 'make packages' installs what building needs" >&2; exit 1; }
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD)
	ninja -C $(BUILD) mvm bench/vmm-bench

packages:
	@scripts/install-packages build

packages-check:
	@scripts/install-packages check
	@scripts/prometheus >/dev/null || echo "The tests that need Prometheus will be skipped." >&2
	@scripts/node-exporter >/dev/null || echo "The test that needs Prometheus' node_exporter will be skipped." >&2

demo: packages
	$(MAKE) all
	scripts/demo $(BUILD)/mvm $(DEMO)

check: packages-check
	scripts/check $(BUILD) $(SANITIZED) $(THREADS)

# Whole runs in which threads meet, with the thread sanitizer, of which `make check` has the shortest.
check-threads: packages-check
	scripts/check-threads $(THREADS)

# Those of the tests that need KVM, on an emulated host that has it.
check-kvm: packages-check
	scripts/check-kvm $(BUILD)

# Two lean builds of QEMU, of which the second is patched, in a cache; prints where they are.
qemu-lean:
	@scripts/qemu-lean

# What is said of them, tested; they are built first when they are not there.
check-qemu-lean: packages-check qemu-lean
	$(MAKE) all
	scripts/check-qemu-lean $(BUILD)

# The engine openstack on a real one of this machine alone, from Debian's packages, which it installs; as root.
check-openstack: packages-check
	$(MAKE) all
	scripts/check-openstack $(BUILD)

# FUZZ_COUNT boot sectors, at most FUZZ_SECONDS long, under the sanitizers; and as many saved machines, requests and answers,
# clients of the control socket, and what other hosts say of themselves.
fuzz: packages-check
	@test -f $(SANITIZED)/build.ninja || meson setup $(SANITIZED) -Db_sanitize=address,undefined -Db_lundef=false
	ninja -C $(SANITIZED) tests/fuzz-sectors tests/fuzz-records tests/fuzz-door tests/fuzz-control tests/fuzz-nodes
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 tests/fuzz/run $(SANITIZED)/tests/fuzz-sectors \
		--seed $(FUZZ_SEED) --count $(FUZZ_COUNT) --seconds $(FUZZ_SECONDS) --keep fuzz-failure.img
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 tests/fuzz/run $(SANITIZED)/tests/fuzz-records \
		--seed $(FUZZ_SEED) --count $(FUZZ_COUNT) --seconds $(FUZZ_SECONDS)
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 $(SANITIZED)/tests/fuzz-door \
		--seed $(FUZZ_SEED) --count $(FUZZ_COUNT) --seconds $(FUZZ_SECONDS)
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 $(SANITIZED)/tests/fuzz-control \
		--seed $(FUZZ_SEED) --count $(FUZZ_COUNT) --seconds $(FUZZ_SECONDS)
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 $(SANITIZED)/tests/fuzz-nodes \
		--seed $(FUZZ_SEED) --count $(FUZZ_COUNT) --seconds $(FUZZ_SECONDS)

# The same boot sectors, guided by coverage (libFuzzer, of clang). What it has found to be of interest stays in
# GUIDED/corpus.
fuzz-guided: packages-check
	@scripts/install-packages fuzz
	@test -f $(GUIDED)/build.ninja || CC=clang meson setup $(GUIDED) -Dc_args=-fsanitize=fuzzer-no-link \
		-Db_sanitize=address,undefined -Db_lundef=false
	ninja -C $(GUIDED) tests/fuzz-guided
	mkdir -p $(GUIDED)/corpus
	cd $(GUIDED) && UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ../tests/fuzz/run tests/fuzz-guided \
		--corpus corpus -max_len=640 -timeout=20 -max_total_time=$(FUZZ_SECONDS) -seed=$(FUZZ_SEED)

bench: packages-check
	$(MAKE) all
	ninja -C $(BUILD) bench/engine-bench bench/kvm-parts bench/node-looks
	bench/all $(abspath $(BUILD))/mvm

# DESTDIR is honoured by Meson itself.
install: all
	meson configure $(BUILD) --prefix $(PREFIX)
	meson install -C $(BUILD)

# One program that needs no library, to be carried to a host: STATIC/mvm.
static:
	@scripts/install-packages static
	scripts/build-static $(STATIC)

# What it does alone in an empty folder that is its root.
check-static: static
	scripts/check-static $(STATIC)/mvm

# Debian's package, in build-deb/.
deb:
	@scripts/install-packages deb
	scripts/build-package build-deb

# It is looked over by lintian, and built, installed and used on a Debian that has nothing else.
check-deb:
	@scripts/install-packages deb
	scripts/check-package build-deb

# Two builds in different folders at different times: the same bytes.
check-reproducible: packages
	scripts/check-reproducible

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf $(BUILD) $(SANITIZED) $(THREADS) $(GUIDED) $(STATIC) $(STATIC)-x86emu build-deb
