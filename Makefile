PREFIX = /usr/local

# A Python environment of its own with the packages of a list: its folder, the list, and options of pip. The list is copied last,
# so that an interrupted installation is repeated.
environment = { test -x $(1)/bin/python || python3 -m venv $(1); } && \
  { cmp -s Scripts/$(2) $(1)/requirements.txt || { \
    $(1)/bin/python -m pip install --quiet --disable-pip-version-check $(3) -r Scripts/$(2) && \
    cp Scripts/$(2) $(1)/requirements.txt; }; }

.PHONY: demo test test-wheel test-agents test-wrappers test-ray test-tracking setup build dist install wheel lint format bench bench-check bench-gateway peers consumer clean

# Set-up, then the main job on a real model: collect, train, compare. About five minutes after the build on a quiet machine.
demo: build
	.build/release/cox demo

# Set-up, then all tests. CI leaves debug information out, which saves a sixth of the time of the build:
# TEST_BUILD='-Xswiftc -gnone'.
test:
	@Scripts/setup.sh --tests
	@$(MAKE) --no-print-directory lint
	swift build --build-tests $(TEST_BUILD)
	.venv/bin/python -B -m pytest -q -p no:cacheprovider Benchmarks/peers Tests/Agents/test_provider.py
	COXSWAIN_COX=$$PWD/.build/debug/cox .venv/bin/python -B -m pytest -q -p no:cacheprovider Python/tests
	Scripts/suite.py

# The wheels, built and used in an empty environment.
test-wheel: setup
	Scripts/wheel.sh
	Scripts/try_wheel.sh

# Agents whose packages are large: mini-swe-agent and an Inspect task, in an environment of their own (900 MB).
test-agents:
	@Scripts/setup.sh --tests
	@$(call environment,.venv-agents,requirements-agents-large.txt,--no-deps)
	AGENTS_LARGE=$$PWD/.venv-agents .venv/bin/python -B -m pytest -q -p no:cacheprovider Tests/Agents
	swift build --build-tests
	AGENTS_LARGE=$$PWD/.venv-agents swift test --skip-build --filter LargeAgentTests

# Worlds of other packages, and exported logs, on the real packages, in an environment of their own (1.3 GB).
test-wrappers: setup
	@$(call environment,.venv-wrappers,requirements-wrappers.txt)
	swift build --product cox
	COXSWAIN_COX=$$PWD/.build/debug/cox COXSWAIN_VENV=$$PWD/.venv PYTHONPATH=Python \
	  .venv-wrappers/bin/python -B -m pytest -q -p no:cacheprovider Python/tests/test_worlds_*.py Python/tests/test_export.py

# Shards on a Ray cluster of two nodes on this machine, in an environment of its own (300 MB).
test-ray: setup
	@$(call environment,.venv-ray,requirements-ray.txt)
	swift build --product cox
	COXSWAIN_COX=$$PWD/.build/debug/cox COXSWAIN_VENV=$$PWD/.venv PYTHONPATH=Python \
	  .venv-ray/bin/python -B -m pytest -q -p no:cacheprovider Python/tests/test_ray.py Python/tests/test_clusters.py

# Trackers that run for real: a server of MLflow, and W&B offline, in an environment of their own (900 MB).
test-tracking: setup
	@$(call environment,.venv-tracking,requirements-tracking.txt)
	swift build --product cox
	COXSWAIN_COX=$$PWD/.build/debug/cox COXSWAIN_VENV=$$PWD/.venv \
	  .venv-tracking/bin/python -B -m pytest -q -p no:cacheprovider Tests/Tracking

setup:
	@Scripts/setup.sh

build: setup
	swift build -c release --product cox

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
	swift run -c release benchmark

# Those of them that do not depend on the machine's speed, against their bounds. Less than two minutes after the build, which
# shares its objects with the wheels.
bench-check: setup
	Scripts/static.sh benchmark
	LD_LIBRARY_PATH=$$PWD/.build/dist-libraries:$$(echo .build/dist-tools/lib/python3*/site-packages/xgboost_cpu.libs) \
	  .build/static/release/benchmark check

# What the gateway before an agent costs.
bench-gateway: setup
	@Scripts/setup.sh --tests
	swift build -c release --product cox
	.venv/bin/python Benchmarks/gateway/gateway.py .build/release/cox

# Search libraries of others on the enumerable chain, with the same calls and the same exact critic.
peers: setup
	@Scripts/setup.sh --tests
	swift build -c release --product benchmark
	.venv/bin/python Benchmarks/peers/peers.py --calls 96 -- .build/release/benchmark bridge chain 64 1

# A package of its own that imports Coxswain by path, without traits, and runs collect, train, plan and steer.
consumer: setup
	swift run --package-path Tests/Consumer --scratch-path .build/consumer

clean:
	rm -rf .build .venv
