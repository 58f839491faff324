# Trefoil. `make help` lists what can be done here.

SHELL := /bin/bash
CARGO ?= cargo
DATA ?= data
# Root needs no sudo; without either, what is missing is named instead of installed.
SUDO := $(shell if [ "$$(id -u)" = 0 ]; then echo env; elif command -v sudo >/dev/null; then echo sudo; fi)
NEXTEST_PROFILE ?= $(if $(CI),ci,default)

.DEFAULT_GOAL := help
.PHONY: run page page-tests test check drill bench fuzz release release-twice help tools test-tools

run: tools page ## build, start three services, let three people talk, and stay up (DATA=folder, default ./data)
	$(CARGO) build --release --locked -p trefoil
	$${CARGO_TARGET_DIR:-target}/release/trefoil up --demo --data "$(DATA)"

page: web/dist/index.html web/dist-desk/index.html ## build the page of `trefoil app` and that of a service's console (needs Node.js 20.19 or newer)

PAGE_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path '*/dist-desk/*' -not -path '*/paraglide/*' -not -name openapi.d.ts 2>/dev/null) docs/openapi.json

web/dist/index.html: $(PAGE_SOURCES)
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20.19 or newer (the page is built with it)."; exit 1; }
	cd web && npm ci --no-audit --no-fund && npm run build
	@touch $@

# One build makes both.
web/dist-desk/index.html: web/dist/index.html
	@test -f $@ || (cd web && npm run build)
	@touch $@

test: test-tools page ## install what the tests need, then run every test
	cd web && npm run check && npm run size
	$(CARGO) test --workspace --locked --doc --quiet
	$(CARGO) nextest run --workspace --locked --no-fail-fast --profile $(NEXTEST_PROFILE)
	cd web && npm test && TREFOIL_BIN="$${CARGO_TARGET_DIR:-$(CURDIR)/target}/debug/trefoil" npm run e2e:core
	$(CARGO) nextest run -p trefoil-sim --features undefended --test undefended --locked --no-fail-fast --profile $(NEXTEST_PROFILE)

check: tools ## formatting, lints, unit tests
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) test --workspace --locked --lib --quiet

page-tests: test-tools page ## every test of the page in a real browser (axe on the screens among them; a good quarter of an hour)
	$(CARGO) build --locked -p trefoil --bin trefoil --example made_anew
	cd web && TREFOIL_BIN="$${CARGO_TARGET_DIR:-$(CURDIR)/target}/debug/trefoil" npm run e2e

drill: tools ## play every attack against real services and devices, and print who noticed (docs/drill.md)
	$(CARGO) build --release --locked -p trefoil-sim
	$${CARGO_TARGET_DIR:-target}/release/trefoil-drill

bench: tools ## run the criterion benchmarks
	$(CARGO) bench --workspace --locked

fuzz: tools ## run every fuzz target for a minute (needs a nightly toolchain and cargo-fuzz)
	@test -d fuzz || { echo "No fuzz targets are kept in fuzz/ yet."; exit 1; }
	@command -v cargo-fuzz >/dev/null || { echo "cargo-fuzz is missing: cargo install cargo-fuzz --locked"; exit 1; }
	@for target in $$($(CARGO) fuzz list); do $(CARGO) fuzz run "$$target" -- -max_total_time=60 || exit 1; done

release: tools ## build the release that anybody can build again byte for byte, into dist/ (docs/releases.md)
	release/build

release-twice: tools ## build what is committed in two folders and compare the bytes (two release builds)
	nice -n 10 release/twice

tools: # says what to install when a build cannot work
	@command -v $(CARGO) >/dev/null || { echo "cargo is missing: install Rust 1.95 or newer with rustup (https://rustup.rs)."; exit 1; }
	@for tool in cc perl make; do command -v $$tool >/dev/null || { \
		echo "$$tool is missing: on Debian or Ubuntu, apt-get install build-essential perl."; exit 1; }; done

test-tools: # installs a C compiler, perl, make, Chromium and cargo-nextest where they are missing
	@command -v $(CARGO) >/dev/null || { echo "cargo is missing: install Rust 1.95 or newer with rustup (https://rustup.rs)."; exit 1; }
	@if ! { command -v cc && command -v perl; } >/dev/null; then \
		if [ -n "$(SUDO)" ] && command -v apt-get >/dev/null; then \
			$(SUDO) apt-get update && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y build-essential perl; \
		else echo "cc or perl is missing: on Debian or Ubuntu, apt-get install build-essential perl."; exit 1; fi; fi
	@if ! command -v chromium >/dev/null; then \
		if [ -n "$(SUDO)" ] && command -v apt-get >/dev/null; then \
			$(SUDO) apt-get update && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
				chromium fonts-noto-core fonts-noto-color-emoji; \
		else echo "chromium is missing: the page is tested in it (apt-get install chromium)."; exit 1; fi; fi
	@command -v cargo-nextest >/dev/null || $(CARGO) install cargo-nextest --locked

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F '\t' '{ printf "make %-13s %s\n", $$1, $$2 }'
