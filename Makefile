# Portico. `make help` tells what there is.

TOOL := go tool -modfile=tools/go.mod
# Only the demo's servers need stubs.
DEMO_PROTOS := --path clients/proto/inventory --path clients/proto/reviews
SHA256 := $(shell command -v sha256sum >/dev/null 2>&1 && echo sha256sum || echo shasum -a 256)
# -trimpath makes compiled packages independent of the folder that they are in:
# the copies of this repository that tests build share them.
GOFLAGS ?= -buildvcs=false
export GOFLAGS := $(filter-out -trimpath,$(GOFLAGS)) -trimpath
# A program with the race detector sleeps for a second before it exits, by
# default: each package's tests would.
export GORACE ?= atexit_sleep_ms=50
# One package more than there are CPUs, since many tests wait, but at most eight: those
# that build programs need memory, and a container may have fewer CPUs than its host.
TESTED_AT_ONCE ?= $(shell n=$$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); test $$n -lt 7 && expr $$n + 1 || echo 8)
# Prints every test when it ends, and all failures again at the end. No result is
# taken from the cache: many tests build programs and projects of sources that the
# cache does not know to be theirs.
GOTEST := $(TOOL) gotestsum --format testname --format-hide-empty-pkg --hide-summary skipped -- -race -count=1 -timeout 15m -p $(TESTED_AT_ONCE) -parallel 4

.DEFAULT_GOAL := help

.PHONY: help
help: ## tell what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## run the gateway with the demo services behind it, until Ctrl-C
	@# On a terminal the demo gets a process group of its own, so that Ctrl-C
	@# is its to handle: make would fail with it.
	@if [ -t 0 ]; then set -m; fi; DEMO_TOKEN_URL=http://127.0.0.1:7002/token bin/demo bin/gateway

.PHONY: dev
dev: build ## serve the demo while it is edited, until Ctrl-C
	@if [ -t 0 ]; then set -m; fi; DEMO_TOKEN_URL=http://127.0.0.1:7002/token bin/demo bin/portico dev

.PHONY: build
build: ## build bin/gateway, bin/demo and bin/portico
	@echo "building (the first time takes a minute or two) ..."
	@# Without DWARF, which only debuggers read: stack traces and profiles need none.
	@go build -ldflags=-w -o bin/ ./cmd/gateway ./cmd/portico ./demo/cmd/demo

.PHONY: test
test: setup ## run all tests but the long ones, with the race detector; gets what they need
	@$(GOTEST) ./...

.PHONY: test-long
test-long: setup ## run the long tests: many connections, long histories, fuzzing
	@PORTICO_LONG=1 $(GOTEST) -timeout 60m -run 'Long$$' ./...
	@$(MAKE) --no-print-directory fuzz FUZZTIME=1000x

.PHONY: setup
setup:
	@sh e2e/setup.sh

.PHONY: settings
settings: ## write what is derived from the types of gateway/config: the JSON Schema and the reference of docs/configuration.md
	@go test -count=1 ./internal/settings -run TestComments -update
	@go test -count=1 ./internal/settings -update

.PHONY: generate
generate: ## generate Go code of the schemas and the protos
	@$(SHA256) --check --status demo/stubs.sha256 || $(MAKE) --no-print-directory proto
	@go run ./cmd/portico generate

.PHONY: proto
proto: ## generate the stubs of the demo's gRPC services
	$(TOOL) buf lint $(DEMO_PROTOS)
	$(TOOL) buf generate $(DEMO_PROTOS)
	@$(SHA256) buf.yaml buf.gen.yaml clients/proto/inventory/*/*.proto clients/proto/reviews/*/*.proto clients/*/*pb/*_grpc.pb.go > demo/stubs.sha256

.PHONY: playground
playground: ## build the console's assets (needs Node 20)
	cd gateway/playground/ui && npm ci --silent && npm run --silent build

.PHONY: screenshots
screenshots: setup ## take the pictures of the console in docs/
	go test -count=1 ./e2e -run TestScreenshots -screenshots

.PHONY: check-calls
check-calls: ## count the calls that operations make at worst, and compare with operations/calls.json
	@go run ./cmd/portico check

.PHONY: lint
lint: ## check style and who imports whom
	$(TOOL) golangci-lint run ./...
	$(TOOL) buf lint $(DEMO_PROTOS)

.PHONY: fmt
fmt: ## format
	$(TOOL) golangci-lint fmt ./...

.PHONY: check
check: ## check that what is generated is fresh
	@$(MAKE) --no-print-directory proto generate
	@git diff --exit-code -- graph clients demo/stubs.sha256 || (echo "generated files are stale: commit what make generate made"; exit 1)
	@test -z "$$(git status --porcelain -- graph clients)" || (git status --short -- graph clients; echo "generated files are not committed"; exit 1)

.PHONY: check-playground
check-playground: setup ## test the console's scripts, and check that its assets are what the sources give
	@cd gateway/playground/ui && npm ci --silent --no-audit --no-fund && npm run --silent check

.PHONY: ci
ci: check check-calls check-playground lint test ## what CI runs for each change; test-long is for the night

.PHONY: fuzz
fuzz: ## fuzz every parser for a while (FUZZTIME=30s each)
	@go list ./... | while read -r pkg; do \
		dir=$$(go list -f '{{.Dir}}' $$pkg); \
		for f in $$(grep -ho '^func Fuzz[A-Za-z0-9_]*' $$dir/*_test.go 2>/dev/null | sed 's/^func //'); do \
			echo "$$pkg $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(or $(FUZZTIME),30s) -fuzzminimizetime 1x $$pkg || exit 1; \
		done; \
	done

.PHONY: check-import
check-import: ## import the documents of DIR into empty projects, and compile these: make check-import DIR=folder
	@test -n "$(DIR)" || { echo "make check-import DIR=folder: the folder has a file or a folder for each API" >&2; exit 2; }
	go run ./e2e/checkimport $(DIR)

.PHONY: bench
bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem ./gateway/...
	go run ./bench/peers
	go run ./bench/cache
	go run ./bench/redis
	go run ./bench/observe

.PHONY: clean
clean: ## remove what was built
	rm -rf bin
