# make demo: see every promise kept, on a real cluster.    make test: everything that must hold, from format to e2e.
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
APT    := crun runc conmon containerd user-mode-linux nftables skopeo buildah conntrack containernetworking-plugins haproxy iproute2 busybox-static docker-registry etcd-server python3-venv rclone fuse3
AZURITE := $(VENV)/stores/.azurite
STORES := $(VENV)/stores/.installed
PYTHON ?= $(shell command -v /usr/bin/python3.11 || command -v python3)
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup stores demo test lint unit soak e2e bench clean

setup: $(STAMP) examples/hello/busybox

$(STAMP): pyproject.toml Makefile
	@missing=""; for p in $(APT); do dpkg -s $$p 2>/dev/null | grep -q '^Status: install ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing$$missing"; apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing podo and its tools into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,e2e,etcd]'
	@touch $@

examples/hello/busybox: | $(STAMP)
	@cp /bin/busybox $@

# What tests start: Azurite, which the demonstration starts too, moto in an environment of its own, and PostgreSQL's programs
# (no server).
stores: $(AZURITE) $(STORES)

$(AZURITE): $(STAMP)
	@echo "installing Azurite, which stands in for Azure's storage"
	@$(BIN)/npm install --silent --no-audit --no-fund --prefix $(VENV)/stores azurite@3
	@touch $@

$(STORES): $(STAMP)
	@echo "installing an S3 server and PostgreSQL for tests"
	@ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || { export DEBIAN_FRONTEND=noninteractive; \
	apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null && \
	sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf && \
	apt-get install -y -qq --no-install-recommends postgresql >/dev/null; }
	@$(PYTHON) -m venv $(VENV)/stores/s3
	@$(VENV)/stores/s3/bin/python -m pip install --quiet --disable-pip-version-check 'moto[s3,server]>=5.1'
	@touch $@

demo: setup $(AZURITE)
	@$(BIN)/python -m demo

test: setup lint unit e2e

lint: setup
	ruff format --check .
	ruff check .
	mypy
	lint-imports --no-cache
	python tools/check_limits.py
	python tools/generate_api.py --check

unit: setup
	tools/isolated python -m pytest -n 2 -m 'not e2e and not soak'

soak: setup
	tools/isolated python -m pytest -n 2 -m soak

e2e: setup stores
	tools/isolated python -m pytest -m e2e

bench: setup
	tools/isolated python -m bench

clean:
	rm -rf $(VENV) build *.egg-info examples/hello/busybox
