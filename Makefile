# Fairhand. `make demo` and `make test` are all a newcomer needs; `make help` lists the rest.
# The environment `.venv` is made from requirements/dev.lock (versions and hashes) when it is missing or stale.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
STAMP := .venv/.installed-$(shell cksum < requirements/dev.lock | tr ' ' '-')
DEVELOPMENT := FAIRHAND_DEBUG=1 FAIRHAND_SIMULATION=1
EDITOR := tasks/static/editor/editor.json
MESSAGES := locale/es/LC_MESSAGES/django.mo
WORKERS ?= auto
args ?=
name ?= hot_path

.PHONY: help demo test run stop check bench replay lock format messages chromium

help:  ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 10

demo: $(STAMP) $(EDITOR) $(MESSAGES)  ## run a whole job end to end on the embedded database, and leave the site running
	@$(DEVELOPMENT) $(BIN)/python -W ignore manage.py demo $(args)

test: $(STAMP) $(EDITOR) $(MESSAGES) chromium  ## run all tests, on the embedded database and in Chromium, in random order
	@$(DEVELOPMENT) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(args)

chromium:
	@tools/install_chromium.sh

run: $(STAMP) $(EDITOR) $(MESSAGES)  ## run the site and the cluster until Ctrl-C
	@$(DEVELOPMENT) $(BIN)/python -W ignore manage.py run $(args)

stop: $(STAMP)  ## stop what the demo left running, and the embedded database
	@$(DEVELOPMENT) $(BIN)/python -W ignore manage.py stop

replay: $(STAMP)  ## live a real crowd's history through the API: make replay args="DIR --limit 5000"
	@$(DEVELOPMENT) $(BIN)/python -W ignore manage.py replay $(args)

bench: $(STAMP)  ## a benchmark: make bench name=hot_path|overlap|growth|aggregate|workspace|money_fuzz args="…"
	@$(BIN)/python -W ignore -m bench.$(name) $(args)

format: $(STAMP)  ## format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

messages: $(STAMP)  ## bring the translations up to what there is to translate, and say what is not translated yet
	@$(BIN)/python tools/messages.py update && $(BIN)/python tools/messages.py check

check: $(STAMP)  ## format, lint, types, floors, migrations, deployment settings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	FAIRHAND_DEBUG=1 $(BIN)/mypy .
	FAIRHAND_DEBUG=1 $(BIN)/lint-imports
	FAIRHAND_DEBUG=1 $(BIN)/python -W ignore manage.py makemigrations --check --dry-run
	FAIRHAND_ALLOWED_HOSTS=fairhand.example FAIRHAND_SITE_ADDRESS=https://fairhand.example FAIRHAND_SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
		FAIRHAND_IDENTITY_KEYS=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
		$(BIN)/python -W ignore manage.py check --deploy --fail-level WARNING

LOCK := $(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	--overrides requirements/overrides.txt --no-header --quiet

lock: $(STAMP)  ## resolve the dependencies of pyproject.toml anew
	$(LOCK) --output-file requirements/run.lock $(args)
	$(LOCK) --group dev --constraint requirements/run.lock --output-file requirements/dev.lock $(args)

$(STAMP): requirements/dev.lock
	@test -n "$(PYTHON)" || { echo "Fairhand needs Python 3.11 or newer; none was found. Name one: make PYTHON=/path/to/python3.12 …"; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version) and installing the locked dependencies (about a minute)."
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.lock
	@touch $@

# The labelling editor, made from the wheel its makers publish: pinned by version and hash, and not kept in this repository.
$(EDITOR): tools/build_editor.py | $(STAMP)
	@echo "Building the labelling editor (a download of 74 MB, once)."
	@rm -rf $(@D)
	@$(BIN)/python tools/build_editor.py $(@D)

$(MESSAGES): locale/es/LC_MESSAGES/django.po tools/messages.py | $(STAMP)
	@$(BIN)/python tools/messages.py compile
