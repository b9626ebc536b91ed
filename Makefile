# Everything a newcomer needs is `make lab` and `make test`; both set up the machine first and say what they do.
NODE := node_modules/.bin/node
LAB ?= lab
FOCUS ?= sig-node
export PATH := $(CURDIR)/node_modules/.bin:$(PATH):/usr/local/go/bin

.PHONY: help setup image lab test unit walkthrough conformance bench bench-network cgroup-v2 check bundle clean

help: ## Shows this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## Installs what is missing: packages, Node 24, a Docker engine
	@scripts/setup.sh

image: setup ## Builds the node image (cached by its inputs)
	@bin/klab build node-image

lab: image ## Makes a three-node cluster from configs/kind.yaml, with pods running
	@scripts/lab.sh $(LAB)

test: image ## Runs every test: unit, kubelet on containerd, end to end
	@scripts/test.sh

conformance: image ## Runs upstream's own tests (FOCUS=sig-node, NodeConformance, node, DRA, or a pattern; ARGS=--help)
	@$(NODE) e2e/conformance/main.ts --focus '$(FOCUS)' $(ARGS)

bench: image ## Measures our kubelet beside upstream's, in turns (ARGS='--rounds 1 --only latency,burst50')
	@$(NODE) bench/compare.ts --out dist/bench $(ARGS)

bench-network: image ## Measures klab's own network beside another (ARGS='--rounds 1')
	@$(NODE) bench/network.ts --out dist/bench $(ARGS)

cgroup-v2: image ## Runs the kubelet's resources on cgroup v2, in user-mode Linux (RUNS='cgroupfs systemd v1')
	@$(NODE) scripts/bundle.ts && $(NODE) e2e/cgroup-v2/main.ts $(RUNS)

unit: setup ## Runs the tests that need neither Docker nor a cluster
	@vitest run --project unit

walkthrough: image ## Plays docs/walkthrough.md on a cluster and writes into it what its commands print now
	@UPDATE_DOCS=1 vitest run --project e2e e2e/walkthrough/walkthrough.e2e.ts

check: setup ## Lints, checks formatting and types
	@biome check . && tsc --noEmit && tsc --noEmit --project src/watch/web/page

bundle: setup ## Bundles the node's programs into dist/
	@$(NODE) scripts/bundle.ts

clean: ## Removes what was built here (not the image cache)
	@rm -rf dist src/cri/generated
