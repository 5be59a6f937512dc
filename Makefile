# With models in process wherever set-up could install what they need.
TRAITS = $$(test -e .venv/open-weights/mlx/lib && echo --traits OpenWeights)

.PHONY: demo test setup build lint format bench bench-check consumer clean

# Set-up, then the main job on a real model: collect, train, compare. Five to ten minutes after the build.
demo: build
	.build/release/cox demo

# Set-up, then all tests. More than a few at a time would starve those that measure time.
test:
	@Scripts/setup.sh --tests
	@$(MAKE) --no-print-directory lint
	swift build --build-tests $(TRAITS)
	Scripts/plain_check.py
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=24 swift test --skip-build $(TRAITS)

setup:
	@Scripts/setup.sh

build: setup
	swift build -c release --product cox $(TRAITS)

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

# A package of its own that imports Coxswain by path, without traits, and runs collect, train, plan and steer.
consumer: setup
	swift run --package-path Tests/Consumer --scratch-path .build/consumer

clean:
	rm -rf .build .venv
