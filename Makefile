PREFIX = /usr/local

# With models in process wherever set-up could install what they need.
TRAITS = $$(test -e .venv/open-weights/mlx/lib && echo --traits OpenWeights)

.PHONY: demo test test-agents test-wrappers test-ray setup build dist install wheel lint format bench bench-check bench-gateway peers consumer clean

# Set-up, then the main job on a real model: collect, train, compare. About five minutes after the build on a quiet machine.
demo: build
	.build/release/cox demo

# Set-up, then all tests, and the wheels in an empty environment. More than a few tests at a time would starve those that measure
# time.
test:
	@Scripts/setup.sh --tests
	@$(MAKE) --no-print-directory lint
	swift build --build-tests $(TRAITS)
	Scripts/plain_check.py
	.venv/bin/python -B -m pytest -q -p no:cacheprovider Benchmarks/peers Tests/Agents/test_provider.py
	COXSWAIN_COX=$$PWD/.build/debug/cox .venv/bin/python -B -m pytest -q -p no:cacheprovider Python/tests
	Scripts/wheel.sh
	Scripts/try_wheel.sh
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=24 swift test --skip-build $(TRAITS)

# Agents whose packages are large: mini-swe-agent and an Inspect task, in an environment of their own (900 MB).
test-agents:
	@Scripts/setup.sh --tests
	@test -x .venv-agents/bin/python || python3 -m venv .venv-agents
	@cmp -s Scripts/requirements-agents-large.txt .venv-agents/requirements.txt || { \
	  .venv-agents/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r Scripts/requirements-agents-large.txt && \
	  cp Scripts/requirements-agents-large.txt .venv-agents/requirements.txt; }
	AGENTS_LARGE=$$PWD/.venv-agents .venv/bin/python -B -m pytest -q -p no:cacheprovider Tests/Agents
	swift build --build-tests $(TRAITS)
	AGENTS_LARGE=$$PWD/.venv-agents swift test --skip-build $(TRAITS) --filter LargeAgentTests

# Worlds of other packages, on the real packages, in an environment of their own (1.3 GB).
test-wrappers: setup
	@test -x .venv-wrappers/bin/python || python3 -m venv .venv-wrappers
	@cmp -s Scripts/requirements-wrappers.txt .venv-wrappers/requirements.txt || { \
	  .venv-wrappers/bin/python -m pip install --quiet --disable-pip-version-check -r Scripts/requirements-wrappers.txt && \
	  cp Scripts/requirements-wrappers.txt .venv-wrappers/requirements.txt; }
	swift build --product cox $(TRAITS)
	COXSWAIN_COX=$$PWD/.build/debug/cox COXSWAIN_VENV=$$PWD/.venv PYTHONPATH=Python \
	  .venv-wrappers/bin/python -B -m pytest -q -p no:cacheprovider Python/tests/test_worlds_*.py

# Shards on a Ray cluster of two nodes on this machine, in an environment of its own (300 MB).
test-ray: setup
	@test -x .venv-ray/bin/python || python3 -m venv .venv-ray
	@cmp -s Scripts/requirements-ray.txt .venv-ray/requirements.txt || { \
	  .venv-ray/bin/python -m pip install --quiet --disable-pip-version-check -r Scripts/requirements-ray.txt && \
	  cp Scripts/requirements-ray.txt .venv-ray/requirements.txt; }
	swift build --product cox $(TRAITS)
	COXSWAIN_COX=$$PWD/.build/debug/cox COXSWAIN_VENV=$$PWD/.venv PYTHONPATH=Python \
	  .venv-ray/bin/python -B -m pytest -q -p no:cacheprovider Python/tests/test_ray.py Python/tests/test_clusters.py

setup:
	@Scripts/setup.sh

build: setup
	swift build -c release --product cox $(TRAITS)

# One program that runs without a toolchain, with man pages and completions: .build/coxswain-VERSION-linux-ARCHITECTURE.tar.gz
dist: setup
	Scripts/dist.sh
	cd .build/dist && tar -czf "../coxswain-$$(sed -n 's/.*number = "\(.*\)"/\1/p' ../../Sources/HTTP/ProductVersion.swift)-linux-$$(uname -m).tar.gz" *

# The same, into PREFIX.
install: setup
	Scripts/dist.sh
	mkdir -p "$(DESTDIR)$(PREFIX)"
	cp -R .build/dist/. "$(DESTDIR)$(PREFIX)/"

# pip's packages, in .build/wheels: pip install --find-links .build/wheels 'coxswain[local]'
wheel: setup
	Scripts/wheel.sh

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Examples Benchmarks
	Scripts/module_map.py --check
	Scripts/undocumented.py --check
	Scripts/snippets.py --check

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests Examples Benchmarks

# The figures of the README that are about speed and memory.
bench: setup
	swift run -c release $(TRAITS) benchmark

# Those of them that do not depend on the machine's speed, against their bounds. Less than two minutes after the build.
bench-check: setup
	swift build -c release --product benchmark $(TRAITS)
	.build/release/benchmark check

# What the gateway before an agent costs.
bench-gateway: setup
	@Scripts/setup.sh --tests
	swift build -c release --product cox $(TRAITS)
	.venv/bin/python Benchmarks/gateway/gateway.py .build/release/cox

# Search libraries of others on the enumerable chain, with the same calls and the same exact critic.
peers: setup
	@Scripts/setup.sh --tests
	swift build -c release --product benchmark $(TRAITS)
	.venv/bin/python Benchmarks/peers/peers.py --calls 96 -- .build/release/benchmark bridge chain 64 1

# A package of its own that imports Coxswain by path, without traits, and runs collect, train, plan and steer.
consumer: setup
	swift run --package-path Tests/Consumer --scratch-path .build/consumer

clean:
	rm -rf .build .venv
