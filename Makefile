# Every target sets up what it needs first: in a fresh checkout `make demo` and `make test` are enough.
# A Python other than the one found: make PYTHON3=/path/to/python3.11 ...

PYTHON3 ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
PYTHON := .venv/bin/python
NODE := .venv/bin/node
TSC := tests/ui/web/node_modules/typescript/bin/tsc
LOCK := $(PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header $(UPGRADE) --overrides build/lock/overrides.txt

WEB_SOURCES = $(wildcard ezp2p/ui/web/*.js ezp2p/ui/web/*/*.js)
WEB_TESTS = $(wildcard tests/ui/web/*.test.mjs)

# What runs inside Windows' Python under Wine: its own tests, and all that need no X11 display.
WINDOWS_TESTS ?= tests/windows $(addprefix tests/,base wire nat link store media channels session) \
	tests/app/test_loop.py --ignore=tests/channels/test_screen_worker.py

.PHONY: setup test test-all test-windows selftest package lint format bench demo lock clean

setup:
	@$(PYTHON3) build/setup.py

# The fast suite, below five minutes.
test: lint
	$(PYTHON) -m pytest -m "not slow" -n auto --dist loadfile

test-all: lint
	$(PYTHON) -m pytest

# The Windows code, for real: Windows' Python under Wine (build/wine.py installs both at the first run).
test-windows: setup
	$(PYTHON) -m build.wine run -m pytest -m "not slow" -p no:cacheprovider $(WINDOWS_TESTS)
	$(PYTHON) -m pytest tests/wine

lint: setup
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	.venv/bin/lint-imports --no-logo
# Tests and set-up run on Linux; the program runs everywhere.
	@set -e; for check in linux "win32 ezp2p $(wildcard tests/windows/*.py)" "darwin ezp2p"; do \
		echo "mypy --platform $$check"; \
		$(PYTHON) -m mypy --cache-dir ".mypy_cache/$${check%% *}" --platform $$check; \
	done
	$(if $(WEB_SOURCES),$(NODE) $(TSC) --project tests/ui/web)
	$(if $(WEB_TESTS),$(NODE) --test --test-reporter=dot $(WEB_TESTS))

# Every part of the program once, as a built one tries itself.
selftest: setup
	$(PYTHON) -m ezp2p --selftest

format: setup
	$(PYTHON) -m ruff check --fix
	$(PYTHON) -m ruff format

# Code to first picture, paint to seen, bytes, throughput, echo: a table and dist/bench.json.
bench: setup
	$(PYTHON) -m tests.bench

# DEMO_SECONDS=20 ends it by itself.
demo: setup
	@$(PYTHON) -m ezp2p demo

# The program as people get it, in dist/: compiled, measured, tested. PART=onefile or PART=folder, else both.
package: setup
	$(PYTHON) -m build.package $(PART)

# After a change of dependencies. `make lock UPGRADE=--upgrade` takes new versions of everything.
lock: setup
	$(LOCK) --group backend --output-file build/lock/backend.txt
	$(LOCK) pyproject.toml --output-file build/lock/run.txt
	$(LOCK) pyproject.toml --group dev --constraint build/lock/run.txt --output-file build/lock/dev.txt
	$(LOCK) pyproject.toml --group build --constraint build/lock/run.txt --output-file build/lock/build.txt
# Begins with the versions that everybody else gets.
	cp build/lock/dev.txt build/lock/windows.txt
	$(PYTHON) -m uv pip compile --quiet --python-platform windows --python-version 3.11 --generate-hashes \
		--no-annotate --no-header --overrides build/lock/overrides.txt \
		--overrides build/lock/windows_overrides.txt \
		pyproject.toml --group windows --output-file build/lock/windows.txt
	cd tests/ui/web && PATH="$(CURDIR)/.venv/bin:$$PATH" npm $(if $(UPGRADE),update,install) --package-lock-only --no-audit --no-fund

clean:
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	rm -rf tests/ui/web/node_modules
