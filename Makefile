# `make` alone lists the targets.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

MEMBERS := protos libs/photo-domain libs/photo-objects libs/photo-records libs/photo-uploads \
	libs/service-kit \
	upload-gateway ingest-service status-service worker admin-console local-stack
# Each is an image, with a lock of its own; photo-records is that of the migrations.
SERVICES := upload-gateway ingest-service status-service worker admin-console
DOCKERFILES := $(addsuffix /Dockerfile,$(SERVICES) libs/photo-records)
SOURCES := $(filter-out protos,$(MEMBERS)) tests
# The first supported Python that can make virtual environments; PYTHON=… names another.
PYTHON ?= $(shell for python in python3.12 python3.11 python3 python3.13; do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	>/dev/null 2>&1 && { echo "$$python"; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
# For two cores: a third of the time tests wait for something. PYTEST_ARGS adds to it.
PYTEST := $(BIN)/python -m pytest -n 3 --dist worksteal $(PYTEST_ARGS)

.PHONY: help run demo api-key createsuperuser images check test test-all test-deploy faults upgrade-test fuzz bench-processing bench-renditions bench-memory bench-streams bench-searches screenshots format protos lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.runs ## Run the whole system on this machine: http://127.0.0.1:8000
	@exec $(BIN)/python -m local_stack run

demo: $(VENV)/.runs ## Upload generated photos and show what became of them
	@exec $(BIN)/python -m local_stack demo

api-key: $(VENV)/.runs ## Print a new API key and its entry: OWNER=…, SCOPES=…
	@$(BIN)/python -m upload_gateway api-key --owner "$(OWNER)" $(if $(SCOPES),--scopes "$(SCOPES)")

createsuperuser: $(VENV)/.runs ## Make an operator of the console of `make run`; ROLE=viewer for one who only looks
	@$(BIN)/python -m local_stack createsuperuser $(if $(ROLE),--role $(ROLE))

PREFIX ?= photo-uploading-service
TAG ?= $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

images: ## Build the image of each service, PREFIX/…:TAG, and say how large they are
	@IMAGE_PREFIX="$(PREFIX)" IMAGE_TAG="$(TAG)" \
		REVISION="$$(git rev-parse HEAD 2>/dev/null || echo unknown)" docker compose build
	@docker image ls --filter 'reference=$(PREFIX)/*:$(TAG)' \
		--format 'table {{.Repository}}:{{.Tag}}\t{{.Size}}'

check: $(VENV)/.tests ## Lint, types, architecture, contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(foreach member,$(filter-out protos,$(MEMBERS)),$(member)/src) tests/faults tests/upgrade bench \
		worker/tests/hostile_files
	$(BIN)/lint-imports
	$(BIN)/hadolint $(DOCKERFILES)
	$(BIN)/buf lint protos
	$(BIN)/buf format --diff --exit-code protos
	@$(MAKE) --no-print-directory stubs STUBS=$(VENV)/stubs
	@diff -r -x '__pycache__' -x py.typed protos/gen $(VENV)/stubs \
		|| { echo 'The stubs are older than the protos: run `make protos`.'; exit 1; }

test: $(VENV)/.tests ## Unit, integration and end-to-end tests; nothing to prepare
	@tests/install_programs.sh
	$(PYTEST) -m 'not slow and not deploy'

test-all: $(VENV)/.tests ## Everything, on every supported Python that this machine has
	@tests/install_programs.sh
	$(PYTEST) -m 'not deploy'
	@$(MAKE) --no-print-directory test-deploy
	PYTHON=$(PYTHON) tests/other_pythons.sh

# Which of them: `deploy and not slow` are the few minutes of .ci/run.
DEPLOY_TESTS ?= deploy

# What fixtures do has limits of its own: a build takes longer than any test.
test-deploy: $(VENV)/.tests ## Build the images and run the system of docker-compose.yml
	$(BIN)/python -m pytest tests/deploy -m '$(DEPLOY_TESTS)' --timeout 900 \
		-o timeout_func_only=true $(PYTEST_ARGS)

ROUNDS ?= 1

faults: $(VENV)/.tests ## Kill, freeze and starve every part under load, ROUNDS times; SEED=… repeats
	@PYTHONPATH=tests/faults $(BIN)/python -m fault_campaign --rounds $(ROUNDS) \
		$(if $(SEED),--seed $(SEED))

upgrade-test: $(VENV)/.tests ## From the release before (or RELEASE=…) to this code, under load, without a failed request
	$(BIN)/python -m pytest tests/upgrade -s --release $(or $(RELEASE),newest)

SECONDS ?= 60

fuzz: $(VENV)/.tests ## Look for files that processing cannot bear, for SECONDS; SEED=… repeats
	@PYTHONPATH=worker/tests $(BIN)/python -m hostile_files --seconds $(SECONDS) \
		$(if $(SEED),--seed $(SEED))

bench-processing: $(VENV)/.benches ## CPU of processing beside a bare pyvips loop and Pillow
	@PYTHONPATH=bench $(BIN)/python -m processing_bench.comparison $(BENCH_ARGS)

bench-renditions: $(VENV)/.benches ## Time against bytes and likeness of every rendition setting
	@PYTHONPATH=bench $(BIN)/python -m processing_bench.rendition_choice $(BENCH_ARGS)

bench-memory: $(VENV)/.benches ## Peak memory of the largest photos
	@PYTHONPATH=bench $(BIN)/python -m processing_bench.memory_peaks $(BENCH_ARGS)

bench-streams: $(VENV)/.tests ## Memory and connections of a thousand open event streams
	@PYTHONPATH=bench $(BIN)/python -m stream_bench.thousand_streams $(BENCH_ARGS)

bench-searches: $(VENV)/.tests ## Plans and times of every search of the console, over a million photos
	@$(BIN)/python -m pytest libs/photo-records/tests/search_plans -m slow -s $(BENCH_ARGS)

screenshots: $(VENV)/.tests ## Take the pictures of docs/screenshots from the running page
	@$(BIN)/python tests/browser/screenshots.py

format: $(VENV)/.tests ## Format the code and mend what the linter can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(BIN)/buf format --write protos

protos: $(VENV)/.tests ## Generate the stubs of the gRPC contracts
	@$(MAKE) --no-print-directory stubs STUBS=protos/gen

.PHONY: stubs
stubs:
	@rm -rf $(STUBS)/photo && mkdir -p $(STUBS)
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m grpc_tools.protoc -I protos \
		--python_out=$(STUBS) --grpc_python_out=$(STUBS) \
		--mypy_out=quiet:$(STUBS) --mypy_grpc_out=quiet:$(STUBS) \
		$$(cd protos && find photo -name '*.proto' | sort)
	@touch $(STUBS)/photo/py.typed

# $(call lock_image,what,name): what one image needs, in the versions of all.
define lock_image
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url $(1) -c requirements/local.txt \
		$(addprefix --no-emit-package ,$(NAMES)) -o requirements/images/$(2).txt

endef

lock: $(VENV)/.tests ## Resolve the dependencies anew
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url $(UPGRADE) pyproject.toml $(addprefix --no-emit-package ,$(NAMES)) \
		-o requirements/local.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url $(UPGRADE) pyproject.toml --group dev -c requirements/local.txt \
		$(addprefix --no-emit-package ,$(NAMES)) -o requirements/dev.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url $(UPGRADE) --group bench -c requirements/dev.txt \
		-o requirements/bench.txt
	@mkdir -p requirements/images
	$(foreach member,$(SERVICES),$(call lock_image,$(member)/pyproject.toml,$(member)))
	$(call lock_image,libs/photo-records/pyproject.toml --extra migrations,migrations)
	$(call lock_image,--group build,build)
	$(call lock_image,requirements/images/pyvips-build.in,pyvips-build)
lock: NAMES = $(foreach member,$(MEMBERS),$(shell sed -n 's/^name = "\(.*\)"/\1/p' $(member)/pyproject.toml))

clean: ## Remove what was built; .local, with your data, stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 to 3.13 with venv is needed: on Debian or Ubuntu,' \
		'apt install python3 python3-venv.' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# $(call install,lock): what the lock names, then the members of this repository.
define install
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r $(1)
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation \
		$(addprefix -e ./,$(MEMBERS))
endef

$(VENV)/.runs: requirements/local.txt $(addsuffix /pyproject.toml,$(MEMBERS)) | $(VENV)/bin/python
	@echo 'Installing (once) ...'
	@$(call install,requirements/local.txt)
	@touch $@

$(VENV)/.tests: requirements/dev.txt $(VENV)/.runs
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.benches: requirements/bench.txt $(VENV)/.tests
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@
