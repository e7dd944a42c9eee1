# `make demo` and `make test` work on a machine that has only Python and make: they set up .venv themselves.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# One thread per process: on few cores several OpenMP threads cost more than they bring.
export OMP_NUM_THREADS ?= 1

# The first Python that will do; `make venv PYTHON=...` takes another one.
USABLE := import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
ifndef PYTHON
PYTHON := $(shell for name in python3 python3.13 python3.12 python3.11; do \
    $$name -c '$(USABLE)' 2>/dev/null && { echo $$name; break; }; done)
endif

.PHONY: help venv demo test test-slow bench bench-scale bench-peers lint clean

help:
	@echo 'make demo       set up, then the whole job on demonstration data: runs/demo/report.html (SEED=1 draws it anew)'
	@echo 'make test       set up, then all tests (TESTFLAGS=... goes to pytest)'
	@echo 'make test-slow  the same, with the campaigns at full size'
	@echo 'make bench      one JSON object a line (ONLY=name for one)'
	@echo 'make bench-scale  a build of 100,000 and of 400,000 rows, some ten minutes'
	@echo 'make bench-peers  the same beside other tools, in environments of their own that it makes in .peers/'
	@echo 'make lint       ruff and mypy'
	@echo 'make venv       the set-up alone'
	@echo 'make clean      remove what these leave behind'

venv: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@test -n '$(PYTHON)' && $(PYTHON) -c '$(USABLE)' 2>/dev/null || { \
	    echo 'agentflan needs Python 3.11, 3.12 or 3.13 with its venv module, and found none.' >&2; \
	    echo 'On Debian and Ubuntu: apt-get install python3-venv. Or name another Python: make venv PYTHON=/path/to/python3.12' >&2; \
	    exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

# `make demo SEED=1` draws all rows anew and keeps them apart, in demo-1/ and runs/demo-1/.
DEMO := demo$(if $(SEED),-$(SEED))

demo: venv
	@test -e $(DEMO)/demo.yaml || $(BIN)/agentflan init $(DEMO) --seed $(or $(SEED),0)
	$(BIN)/agentflan run $(DEMO)/demo.yaml -o runs/$(DEMO)

test: venv
	$(BIN)/pytest --numprocesses 2 --dist loadfile $(TESTFLAGS)

test-slow: venv
	$(BIN)/pytest --numprocesses 2 --dist loadfile -m '' $(TESTFLAGS)

bench: venv
	@$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY))

bench-scale: venv
	@$(BIN)/python -m bench.scale

bench-peers: venv
	@$(BIN)/python -m bench.peers $(if $(ONLY),--only $(ONLY))

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) .peers demo demo-* runs dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
