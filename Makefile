# Everything a user runs. Stacks local and cluster are embedded environments; any other is Pulumi's own command.
STACK ?= local
EMBEDDED := $(filter local cluster,$(STACK))
SANDBOX = $(BIN)/python -m sandbox --stack $(STACK)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Set in many images. Every start of the program would compile all of its modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: up preview down status logs test test-kubernetes check format schema docs alicloud pulumi

ifneq ($(EMBEDDED),)
up: $(VENV)/sandbox.stamp
	@$(SANDBOX) up $(if $(AGAIN),--again)
preview down status logs: $(VENV)/sandbox.stamp
	@$(SANDBOX) $@
else
# Where Vault's pods are reached by a tunnel only, within one.
PULUMI = PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m ops tunnel --if-needed --stack $(STACK) -- pulumi
up preview: $(VENV)/sandbox.stamp
	@$(BIN)/python -m ops check --stack $(STACK)
	$(PULUMI) $@ --stack $(STACK) --policy-pack policies
down: $(VENV)/sandbox.stamp
	$(PULUMI) destroy --run-program --stack $(STACK)
status logs:
	@echo "make $@ is for stacks local and cluster; for $(STACK): pulumi stack --stack $(STACK)" >&2; exit 1
endif

# The quick part of `make test`: format, lint, types, and the tests that start no server.
check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/check-jsonschema -q --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema -q --builtin-schema vendor.github-actions .github/actions/*/action.yml
	$(BIN)/check-jsonschema -q --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci .gitlab-ci.yml
	$(BIN)/zizmor --quiet --offline --pedantic --strict-collection .github
	$(BIN)/pytest -m "not real and not e2e and not kubernetes" -n 2 -q

# Tests with real servers mostly wait for elections: more of them at once than there are cores.
test: check
	$(BIN)/pytest -m "real and not e2e and not kubernetes" -n 4 -q
	$(BIN)/pytest -m "e2e and not kubernetes" -n 2 --dist loadfile -q

# On a throw-away cluster that KUBECONFIG names, with the chart in VAULT_HELM_CHART; some quarter of an hour a flavour.
# ONLY chooses among them, as pytest's -k does.
test-kubernetes: $(VENV)/dev.stamp
	$(BIN)/pytest -m kubernetes -q $(if $(ONLY),-k "$(ONLY)")

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Pulumi.yaml's configuration block, schemas/, and references, tables and diagrams in docs/; stack prod is one of them.
schema: $(VENV)/alicloud.stamp
	$(BIN)/python -m ops schema

# docs/ as a site; `python3 -m http.server -d site` shows it, with its search.
docs: $(VENV)/dev.stamp
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

# Pulumi's command line and Python language host of the SDK's own version, into .venv/bin: for pipelines.
pulumi: $(VENV)/bin/pulumi

$(VENV)/bin/pulumi: $(VENV)/sandbox.stamp
	$(BIN)/python -c 'from pulumi.automation import PulumiCommand; PulumiCommand.install(root="$(abspath $(VENV))")'

# pip compiles what it installs one file after the other, which takes longer than all else: here every core does.
define install
	@echo "$(1) … (a minute or two, the first time)"
	@started=$$(date +%s); $(BIN)/pip install --quiet --disable-pip-version-check --no-compile -r $(2) && \
	{ $(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1 || true; } && \
	echo "  $(1): $$(($$(date +%s) - started)) s"
	@touch $@
endef

$(VENV)/sandbox.stamp: requirements.txt requirements-sandbox.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(call install,virtual environment,requirements-sandbox.txt)

# What a stack on Alibaba Cloud needs besides: `make alicloud`.
alicloud: $(VENV)/alicloud.stamp

$(VENV)/alicloud.stamp: requirements-alicloud.txt $(VENV)/sandbox.stamp
	$(call install,Alibaba Cloud,requirements-alicloud.txt)

$(VENV)/dev.stamp: requirements-dev.txt requirements-alicloud.txt $(VENV)/sandbox.stamp
	$(call install,development tools,requirements-dev.txt)
