# Two commands matter: `make run` and `make test`. `make help` lists the others.

RELEASE := .build-release
CONFIG ?=

.DEFAULT_GOAL := help
.PHONY: help run build test verify verify-real-model bench bench-records bench-dialects profile lint format clean packages verify-packages bench-packages python verify-python

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Build and start the gateway in the foreground; CONFIG=sluice.yaml takes a file
	@exec $(RELEASE)/release/sluice serve $(if $(CONFIG),--config "$(CONFIG)")

build: packages ## Build the six programs, optimised, into .build-release/release
	@echo "building (optimised; the first time takes some minutes)"
	@scripts/build-release $(RELEASE)

test: packages python ## Lint, structure, unit, end-to-end and short fault tests; at most 30 minutes
	@scripts/test

verify: verify-packages verify-python ## The long checks: 100 kills, 1,000 streams, slow readers, every replay, sanitizers
	@scripts/test --verify

verify-real-model: build python ## A small real language model answers through the gateway (builds it: 10 minutes)
	@scripts/verify-real-model

bench: bench-packages python ## Sluice and nginx side by side; ARGS="--quick", ARGS="--callgrind edge" …
	@.venv/bin/python Benchmarks/bench.py $(ARGS)

bench-records: packages ## The parts of the records alone: journal, table of keys; ARGS=--ingest also the usage database
	@Benchmarks/records $(ARGS)

bench-dialects: packages ## What translating an event of a stream costs: processor time and allocations
	@echo "building (release)"
	@swift build -c release --scratch-path .build-bench --product dialect-load 2>&1 | tail -1
	@.build-bench/release/dialect-load $(ARGS)

profile: bench-packages python ## The profile that release builds are laid out by, anew: after changes on the way of a request, 10 minutes
	@.venv/bin/python Benchmarks/train.py

lint: ## Check the format of every Swift file
	@scripts/lint

format: ## Rewrite every Swift file in the project's format
	@swift format --in-place --parallel --recursive --configuration .swift-format Package.swift Sources Tests

clean: ## Remove everything that was built
	rm -rf .build .build-* .venv .venv-*

packages:
	@scripts/install-packages

verify-packages:
	@scripts/install-packages --verify

bench-packages:
	@scripts/install-packages --bench

python: packages
	@scripts/python-environment

verify-python: packages
	@scripts/python-environment --verify
