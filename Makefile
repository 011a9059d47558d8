# Everything a user runs. STACK=local is the embedded environment; another stack is plain Pulumi.
STACK ?= local
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: up preview down status logs test check format schema

ifeq ($(STACK),local)
up: $(VENV)/sandbox.stamp
	@$(BIN)/python -m sandbox up $(if $(AGAIN),--again)
preview: $(VENV)/sandbox.stamp
	@$(BIN)/python -m sandbox preview
down: $(VENV)/sandbox.stamp
	@$(BIN)/python -m sandbox down
else
up preview: $(VENV)/sandbox.stamp
	@$(BIN)/python -m ops check --stack $(STACK)
	PATH="$(CURDIR)/$(BIN):$$PATH" pulumi $@ --stack $(STACK)
down: $(VENV)/sandbox.stamp
	PATH="$(CURDIR)/$(BIN):$$PATH" pulumi destroy --run-program --stack $(STACK)
endif

status logs: $(VENV)/sandbox.stamp
	@$(BIN)/python -m sandbox $@

# The quick part of `make test`: format, lint, types, and the tests that start no server.
check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -m "not real and not e2e" -n 2 -q

# Tests with real servers mostly wait for elections: more of them at once than there are cores.
test: check
	$(BIN)/pytest -m "real and not e2e" -n 4 -q
	$(BIN)/pytest -m e2e -q

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Pulumi.yaml's configuration block and schemas/ from settings.py.
schema: $(VENV)/sandbox.stamp
	$(BIN)/python -m ops schema

$(VENV)/sandbox.stamp: requirements.txt requirements-sandbox.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@echo "virtual environment …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-sandbox.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/sandbox.stamp
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
