# Every target installs what it needs: Python 3.11 or later and access to PyPI are enough, except for test-real, test-clients,
# test-browser and screens.
PYTHON ?= python3
STAGE  ?= dev
SINCE  ?= HEAD
ARGS   ?=

VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(VENV)/.uv
LOCAL  := $(VENV)/.local
READY  := $(VENV)/.ready
DRIVER := $(VENV)/.driver
CHECKOV := $(VENV)/scanners
NEEDED := requirements-uv.txt requirements.txt requirements-local.txt
TESTS  := $(BIN)/python -m pytest -n 2 --dist loadscope
INSTALL := $(BIN)/uv pip install --python $(BIN)/python --require-hashes

# Container images often set it. Without bytecode every process of a test or demo would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# uv does not read pip's settings.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif

.DEFAULT_GOAL := help
.PHONY: help demo ops-demo sandbox run test test-real test-clients test-browser test-package test-demo test-names check lint format proofs \
	contract trips bench scan screens package deploy sandbox-aws destroy lock clean same-python

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# An environment that is there stays as it is, so another PYTHON that is asked for would be passed over in silence.
VERSION := import sys; print("%d.%d" % sys.version_info[:2])
same-python:
ifneq ($(origin PYTHON),file)
	@test ! -e $(BIN)/python || { \
		have=$$($(BIN)/python -c '$(VERSION)'); asked=$$($(PYTHON) -c '$(VERSION)') || exit 1; \
		test "$$have" = "$$asked" || { \
			echo "$(VENV) was made with Python $$have, and $(PYTHON) is Python $$asked: rm -rf $(VENV), and try again" >&2; exit 1; } }
endif

# Three steps, so that a first demo need not wait for what only tests and checks need.
$(UV): requirements-uv.txt | same-python
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed") if sys.version_info < (3, 11) else None'
	@echo "Making $(VENV) (a few seconds), then installing uv, which installs the rest"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@touch $@

$(LOCAL): $(UV) requirements.txt requirements-local.txt
	@echo "Installing what ships and what the local stack needs"
	@$(INSTALL) -r requirements.txt -r requirements-local.txt
	@touch $@

$(READY): $(LOCAL) requirements-dev.txt
	@echo "Installing what tests, checks and packaging need"
	@$(INSTALL) $(addprefix -r ,$(NEEDED)) -r requirements-dev.txt
	@touch $@

$(DRIVER): $(READY) requirements-browser.txt
	@echo "Installing what drives a browser"
	@$(INSTALL) -r requirements-browser.txt
	@touch $@

# In an environment of its own: it pins other versions of packages that we use.
$(CHECKOV)/.ready: $(UV) tests/scanners/requirements.txt
	@echo "Installing checkov"
	@$(BIN)/uv venv --quiet --allow-existing $(CHECKOV)
	@$(BIN)/uv pip sync --quiet --python $(CHECKOV)/bin/python --require-hashes tests/scanners/requirements.txt
	@touch $@

demo: $(LOCAL)  ## Tell the users' guide as a story over real HTTP (ARGS="--pause" waits after each step)
	@$(BIN)/python -m infra.demo $(ARGS)

ops-demo: $(LOCAL)  ## Break the local stack on purpose: alarms fire, run books are followed, the books tie out (ARGS="--pause")
	@$(BIN)/python -m infra.ops_demo $(ARGS)

# With a Chromium, the run also pays an invoice in it.
sandbox: $(if $(CHROMIUM)$(shell command -v chromium),$(DRIVER),$(LOCAL))  ## Compare what is assumed of Stripe with a test account (docs/sandbox.md; ARGS="--double" needs no key)
	@$(BIN)/python -m infra.sandbox $(ARGS)

run: $(LOCAL)  ## Start the local stack until Ctrl-C (ARGS="--help" for ports and options)
	@$(BIN)/python -m infra.local $(ARGS)

test: $(READY)  ## Unit, contract, property, infrastructure and end-to-end tests on the embedded stand-ins
	$(TESTS) -m "not (browser or client or demo or package or proof or real)" $(ARGS)

test-package: $(READY)  ## What is packaged for Lambda: its gate, linters, and deploying it to an account in memory
	$(TESTS) -m package $(ARGS)

test-demo: $(READY)  ## The demos, run to the end and checked against the guide and the run books
	$(TESTS) -m demo $(ARGS)

test-real: $(READY)  ## The same contracts on DynamoDB Local and ElasticMQ, and every request to stripe-mock (Java, Maven, Go)
	$(BIN)/python -m pytest -m real $(ARGS)

test-clients: $(READY)  ## Clients generated from the API's document compile and walk the guide; two linters read it (Node, npm)
	$(BIN)/python -m pytest -m client $(ARGS)

test-browser: $(DRIVER)  ## The office's screens: types, weight, accessibility, and the guide by mouse (Chromium; Node, npm)
	$(TESTS) -m browser $(ARGS)

test-names: $(READY)  ## Compare the tests of an earlier commit with today's: what moved, and whether any is gone (SINCE=COMMIT)
	@$(BIN)/python -m tests.names --since $(SINCE) $(ARGS)

check:  ## Everything that decides whether a change lands, in its order: what .ci/run runs
	@.ci/run

lint: $(READY)  ## Format, lint, types, import rules, security
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -r chalicelib app.py
	$(BIN)/bandit -q -r infra -s B101,B105,B310,B311,B404,B603
	$(BIN)/python -m infra.audit

format: $(READY)  ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

proofs: $(READY)  ## Every order, crash and loss, tried by machine; one table (ARGS="--slice full --minutes 15 --seed 1")
	@$(BIN)/python -m tests.proofs $(ARGS)

contract: $(READY)  ## Write docs/openapi.json, docs/asyncapi.json and the table of docs/api.md; list what changes for clients (ARGS="--breaking")
	@$(BIN)/python -m infra.contract $(ARGS)

trips: $(READY)  ## Count the functions, files and layer crossings that four pieces of work pass through (ARGS="--list webhook")
	@$(BIN)/python -m tests.trips $(ARGS)

bench: $(READY)  ## Measure the budgets: one table, and build/bench.json
	@$(BIN)/python -m tests.bench $(ARGS)

scan: $(READY) $(CHECKOV)/.ready  ## Judge the deployed template by checkov, cdk-nag and cfn-guard, with its waivers (Node, npm)
	@$(BIN)/python -m tests.scanners $(ARGS)

screens: $(DRIVER)  ## Make the pictures of the office's screens in docs/screens (Chromium; ARGS="--help" for single ones)
	@$(BIN)/python -m tests.office.pictures $(ARGS)

package: $(READY)  ## Write build/STAGE: the CloudFormation template, the zip and its bill of materials (needs no AWS credentials)
	@$(BIN)/python -m infra.package --stage $(STAGE) --out build/$(STAGE) $(ARGS)

deploy: $(READY)  ## Check, package, show what would change in AWS, change it, look (ARGS="--dry-run", "--yes", "--help")
	@$(BIN)/python -m infra.deploy deploy --stage $(STAGE) $(ARGS)

sandbox-aws: $(READY)  ## Try what only a deployed stage can show; ends with a rehearsed rollback (ARGS="--dry-run", "--yes", "--help")
	@$(BIN)/python -m infra.deploy trial --stage $(STAGE) $(ARGS)

destroy: $(READY)  ## Take a development stage away; its tables stay, unless ARGS="--with-data"
	@$(BIN)/python -m infra.deploy destroy --stage $(STAGE) $(ARGS)

lock: $(UV)  ## Pin every requirements*.in again, with hashes
	@for name in requirements-uv requirements requirements-local requirements-dev requirements-browser \
			tests/bench/dj_stripe/requirements tests/scanners/requirements; do \
		echo "$$name.txt"; \
		$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 $$name.in -o $$name.txt \
			|| exit 1; \
	done

clean:  ## Remove what the targets made, except the virtual environment
	rm -rf tests/clients/node_modules tests/clients/generated tests/scanners/node_modules
	rm -rf infra/local/office/node_modules infra/local/office/contract.d.ts
	rm -rf build .local .chalice/deployments .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
