# A thin front for people; meson does the work.
BUILD ?= build
MESON_OPTIONS ?=

.PHONY: all deps build run street check bench night fuzz tls coverage install clean format

all: build

deps:
	packaging/install.sh build lab

$(BUILD)/build.ninja:
	meson setup $(BUILD) $(MESON_OPTIONS)

build: deps $(BUILD)/build.ninja
	ninja -C $(BUILD)
	@ln -sf $(BUILD)/compile_commands.json compile_commands.json

# Three virtual cameras and the recorder, until Ctrl-C.
run: build
	lab/demo.py --build $(BUILD)

# A street of cameras with known weaknesses, each in a network of its own; needs root.
street:
	packaging/install.sh build lab check unpack
	$(MAKE) build
	lab/street.py

# Every test; ends with "N passed, N failed".
check:
	packaging/install.sh build lab check bench unpack
	tests/check.py

# Benchmarks against peers and the floor, in full length.
bench:
	packaging/install.sh build lab bench
	$(MAKE) build
	bench/run.py --build $(BUILD)

# 500 cameras are audited: some 15 minutes.
night:
	packaging/install.sh build lab
	$(MAKE) build
	bench/night.py

# Each fuzzer for FUZZ_SECONDS (default an hour).
FUZZ_SECONDS ?= 3600
fuzz:
	packaging/install.sh build check
	tests/check.py --only fuzz --fuzz-seconds $(FUZZ_SECONDS)

# Everything that testssl.sh knows against the recorder; some minutes.
tls:
	packaging/install.sh build check
	$(MAKE) build
	tests/flow/tls_findings.py --full

# Lines and branches that the unit tests reach, as HTML in build-coverage/.
coverage:
	packaging/install.sh build lab check coverage
	test -d build-coverage || meson setup build-coverage -Db_coverage=true -Dlab=false -Dpage=false
	ninja -C build-coverage
	meson test -C build-coverage --suite unit
	ninja -C build-coverage coverage-html

format:
	clang-format -i $$(git ls-files 'src/*.[ch]' 'lab/*.[ch]' 'bench/*.[ch]' 'tests/*.c')

install: build
	meson install -C $(BUILD)

clean:
	rm -rf build build-asan build-fuzz build-coverage
