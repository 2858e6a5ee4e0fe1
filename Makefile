# Rackwright. `make help` lists the targets.

SHELL := /bin/sh
BIN := node_modules/.bin
DATA ?= ./data
SEEDS ?= 100

.DEFAULT_GOAL := help
.PHONY: help run demo build generate verify lint bench test test-unit test-integration test-simulation test-e2e tools clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/^([a-z0-9-]+):.*## (.*)/  \1\t\2/' | expand -t 20

node_modules/.installed: package.json package-lock.json
	@node -e 'const [a,b]=process.versions.node.split(".").map(Number); if (a<20||(a===20&&b<19)) { console.error("Rackwright needs Node 20.19 or later; this is "+process.versions.node); process.exit(1) }'
	@# not `npm ci`: it wants every platform's optional binaries in the lock file; `--no-save` keeps the lock as it is
	npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

build: node_modules/.installed ## compile to dist/
	@$(BIN)/tsc -p tsconfig.build.json
	@chmod +x dist/cli/main.js

run: build ## install, build, and bring up everything with a simulated rack; Ctrl-C stops it
	@dist/cli/main.js up --simulate --data $(DATA)

demo: build ## play the DNS scenario without a person, at most 4 minutes; fails unless every step held
	@node --import tsx hack/demo.ts

generate: node_modules/.installed ## rewrite manifests/crds and docs/kinds from api-types
	@$(BIN)/tsx hack/generate.ts

lint: node_modules/.installed ## formatter and linter
	@$(BIN)/biome check .

verify: node_modules/.installed ## everything a machine can check without running the product
	@$(BIN)/tsc -p tsconfig.json
	@$(BIN)/biome check --error-on-warnings .
	@$(BIN)/tsx hack/tidy.ts
	@$(BIN)/tsx hack/generate.ts --check
	@$(BIN)/tsx hack/check-docs.ts
	@$(BIN)/knip --no-progress

tools: ## install the real servers that tests need below .tools/
	@hack/tools/install.sh

test: tools test-unit test-integration test-simulation test-e2e ## install what tests need, then all tests

test-unit: node_modules/.installed ## tests beside the code
	@$(BIN)/vitest run --project unit --reporter=default

test-integration: tools node_modules/.installed ## against real etcd and Consul
	@$(BIN)/vitest run --project integration

test-simulation: node_modules/.installed ## the whole product in virtual time; SEEDS=N schedules with faults
	@$(BIN)/vitest run --project simulation
	@$(BIN)/tsx hack/simulate.ts --seeds $(SEEDS)

test-e2e: tools node_modules/.installed ## unmodified kubectl against the running product
	@$(BIN)/vitest run --project e2e

bench: tools node_modules/.installed ## measure, as ratios within one run; see docs/benchmarks.md
	@node --expose-gc --import tsx hack/bench.ts

clean: ## remove what was built; keeps data/ and .tools/
	rm -rf dist .cache
