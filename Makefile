# Tidemill: `make run` and `make test` are all that a user has to know; each installs what it needs.

SWIFT ?= swift
CONFIG ?= config.json
PREFIX ?= /usr/local
RELEASE = .build/release

.PHONY: help run test lint format bench install setup setup-tools build clean docs api sanitize fuzz examples

help: ## Shows what there is to make.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## Installs the Debian packages that Tidemill is built with.
	@.ci/install liblua5.4-dev zlib1g-dev libzstd-dev libsqlite3-dev libnats-dev libhiredis-dev libssl-dev pkg-config libvips42

# The Swift runtime is linked in: the command starts four times as fast and runs without a toolchain.
build: setup ## Builds the command in release mode.
	$(SWIFT) build -c release --static-swift-stdlib --product tidemill

run: build ## Runs the pipeline of config.json on the example log.
	$(RELEASE)/tidemill run $(CONFIG)

test: setup setup-tools ## Runs all tests.
	$(SWIFT) build --build-tests $(SWIFTFLAGS)
	.ci/tests .build/tests.log $(SWIFT) test --disable-xctest --skip-build $(SWIFTFLAGS) $(WIDTH)

# Hundreds of tests that start at once keep each other from the processor for longer than any of them allows for.
WIDTH = --experimental-maximum-parallelization-width 4

# Where several real threads meet. One test after the other: side by side they starve each other under the sanitizer.
# Left out is what has one thread, as the rules of a channel and simulations; of those beside other tests, one seed will do.
THREADS = Channel|ThreadPool|Flow|Cancellation|Drain|BatchStage|KeyedLoad|Leftover|Resize|Outcome|Retry|BrokenNode|Pipeline|Ledger|StartGate|RateLimit|Seats|SystemClock|Inspection|Storage|Submission|Results

sanitize: setup setup-tools ## Runs the tests of the Lua wall, images, queue files and threads under the address sanitizer, and those of the engine under the thread sanitizer.
	ASAN_OPTIONS=detect_leaks=1 LSAN_OPTIONS=suppressions=.ci/leaks:print_suppressions=0 .ci/tests .build-asan/tests.log $(SWIFT) test --disable-xctest --sanitize=address --scratch-path .build-asan --filter 'TidemillLuaTests|TidemillValueTests|TidemillImagesTests|ScriptObjectTests|ThreadPoolTests|TidemillQueueTests\.(Lease|Model|Sharing|Trouble|Upkeep)Tests'
	TIDEMILL_SEEDS=1 .ci/tests .build-tsan/tests.log $(SWIFT) test --disable-xctest --sanitize=thread --scratch-path .build-tsan -Xswiftc -DTIDEMILL_SANITIZE_THREADS --no-parallel --filter 'TidemillTests\.($(THREADS))Tests/'

# A round takes a random damaged image through random operations; FUZZ_SEED says with which round it begins.
FUZZ_SECONDS ?= 300
FUZZ_SEED ?= 1
fuzz: setup setup-tools ## Reads damaged images and runs random operations on them, for FUZZ_SECONDS (300).
	$(SWIFT) build --build-tests $(SWIFTFLAGS)
	TIDEMILL_FUZZ_SECONDS=$(FUZZ_SECONDS) TIDEMILL_FUZZ_SEED=$(FUZZ_SEED) .ci/tests .build/fuzz.log $(SWIFT) test --disable-xctest --skip-build $(SWIFTFLAGS) --filter TidemillImagesTests.FuzzTests

lint: setup setup-tools ## Checks format, imports, file sizes, scripts and documents.
	.ci/lint

format: ## Brings the Swift code into its format.
	$(SWIFT) format --in-place --recursive Sources Tests Benchmarks/programs Examples Package.swift

bench: build ## Measures Tidemill beside its peers.
	$(SWIFT) build -c release --static-swift-stdlib --product tidemill-bench
	Benchmarks/setup
	Benchmarks/bench $(BENCH)

install: build ## Installs the command to $(PREFIX)/bin.
	install -D -m 755 $(RELEASE)/tidemill $(DESTDIR)$(PREFIX)/bin/tidemill

api: setup ## Takes the public API that is there now as the one that is wanted.
	$(SWIFT) build --build-tests
	.ci/check-api --accept

docs: build ## Writes the configuration reference and the JSON Schema of this version.
	$(RELEASE)/tidemill list --format markdown > Sources/Tidemill/Tidemill.docc/Reference.md
	$(RELEASE)/tidemill list --modules --format markdown > Sources/Tidemill/Tidemill.docc/Modules.md
	$(RELEASE)/tidemill schema scripts/*.lua > tidemill.schema.json

setup-tools: # What tests and lint need beside the build.
	@.ci/install lua5.4 gzip zstd openssl libvips-tools fonts-dejavu-core nats-server redis-server python3-yaml

clean: ## Removes everything that was built.
	rm -rf .build .build-asan .build-tsan .build-examples out Examples/patterns/*/out Examples/images/out
