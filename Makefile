# Thin names for what ./millrace and scripts/ do. Everything is set up below .millrace/ on first use.

.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV_PYTHON := .millrace/venv/bin/python

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: up
up: ## Start the platform on this machine
	@./millrace up

.PHONY: down
down: ## Stop it; accounts, videos and media are kept
	@./millrace down

.PHONY: test
test: environments ## Run every test: unit, integration, end to end (PYTEST="-k word" narrows it)
	@$(VENV_PYTHON) -m scripts.run_tests $(PYTEST)

.PHONY: check
check: environments ## Lint, format, types, template, generated files, architecture, layers, locks
	@$(VENV_PYTHON) -m scripts.check

.PHONY: lock
lock: ## Resolve the dependencies of pyproject.toml into the hash-pinned locks (UPGRADE=1 takes newer ones)
	@$(PYTHON) -m scripts.lock $(if $(UPGRADE),--upgrade)

.PHONY: image
image: ## Build the ingest's container image (IMAGE=name:tag)
	@docker build -f rtmp_ingest/Dockerfile -t $(or $(IMAGE),millrace-ingest) .

.PHONY: clean
clean: ## Stop the platform and delete environments, builds, logs, accounts, videos and media
	@if [ -x $(VENV_PYTHON) ]; then ./millrace down; fi
	@rm -rf .millrace .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis frontends/node_modules frontends/dist

.PHONY: environments
environments:
	@$(PYTHON) -m scripts.bootstrap dev emulator node
