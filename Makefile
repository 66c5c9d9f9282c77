# Everything a developer, the demo and CI start. `make help` says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := $(CURDIR)/.lab/venv
PATH := $(VENV)/bin:$(PATH)
CHECK := $(VENV)/bin/python tests/tools/check.py
INVENTORY ?= inventories/lab
SCENARIO ?= site
MOLECULE_ARGS ?=
BENCH_ARGS ?=
N ?= 50
LEDGER_ARGS ?=
export PATH
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.lab/collections
export MOLECULE_GLOB := molecule/*/molecule.yml
export SITE_INVENTORY := $(abspath $(INVENTORY))

# Debian packages: what the environment needs, and what the lab's hosts and builds need (its own list).
ENV_PACKAGES := git openssh-client python3-venv shellcheck
LAB_PACKAGES ?= $(shell sed "s/#.*//" lab/packages.txt)

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

## The demo ---------------------------------------------------------------------------------------
.PHONY: demo demo-down
demo: packages env ## the whole site on this machine: build, boot, hand hosts over as an operator gets them, install, verify, three runs by W&B's SDK
	lab/lab build
	lab/lab up
	lab/lab hand-over
	ANSIBLE_CALLBACKS_ENABLED=onprem.wandb.layers ANSIBLE_VAULT_PASSWORD_FILE=.lab/vault-password $(VENV)/bin/ansible-playbook -i .lab/mysite playbooks/site.yml
	lab/lab info
	lab/lab runs

demo-down: ## remove the demo, and only it
	lab/lab down

## The environment --------------------------------------------------------------------------------
.PHONY: packages env env-compat requirements
packages: ## Debian packages the lab needs, if they are missing
	@tests/tools/packages.sh $(ENV_PACKAGES) $(LAB_PACKAGES)

env: .lab/collections/ansible_collections/onprem/wandb ## .lab/venv with pinned versions (nothing to do: some milliseconds)
	@tests/tools/packages.sh $(ENV_PACKAGES)
	@tests/tools/env.sh $(VENV) requirements/ansible.txt requirements/controller.txt requirements/test.txt requirements/dev.txt

env-compat: env ## .lab/venv-2.19 and .lab/venv-2.21: the other versions of ansible-core
	@for core in 2.19 2.21; do tests/tools/env.sh $(VENV)-$$core requirements/ansible-$$core.txt requirements/controller.txt requirements/test.txt; done

.lab/collections/ansible_collections/onprem/wandb:
	@mkdir -p $(@D) && ln -sfn $(CURDIR) $@

requirements: env ## write requirements/constraints.txt again after a change of a pinned version
	@tests/tools/constraints.sh

## The checks -------------------------------------------------------------------------------------
.PHONY: redis-certificates-faults secrets-hosts whole-site
.PHONY: storage-faults
storage-faults: packages env ## broken object storage, an external bucket, keys that are replaced; a real server on loopback
	@tests/tools/storage.sh

.PHONY: stranger
stranger: packages env ## README.md as its first reader meets it: an account with nothing of ours, the built tarball, hosts behind sudo, jump host and firewall
	@tests/tools/stranger.sh

.PHONY: vm
vm: packages env ## a cluster of two hosts with kernels of their own: installed, rebooted, the power of one cut (LONG=1 builds the kernel where it is not cached)
	@tests/tools/vm.sh

.PHONY: recorded record
recorded: packages env ## the producers of what unit tests read, asked again before real services on loopback: is it still what they return?
	@tests/tools/recorded.sh

record: packages env ## the same, and write what they return: tests/unit/recorded
	@tests/tools/recorded.sh --record

.PHONY: pod-network
pod-network: packages env ## a cluster whose pods are cut off from each other in each way, and verify that has to name it; on lab hosts of its own
	@tests/tools/pod_network.sh

.PHONY: storage-hosts bench-storage
storage-hosts: packages env ## mirror of the bucket by S3 and SFTP, dead and full drives, a lost host; on lab hosts of its own
	@tests/tools/storage_hosts.sh

bench-storage: packages env ## the object store beside the bare disk and loopback, on one lab host of its own: .lab/bench-storage.json
	@tests/tools/bench_storage.sh

.PHONY: test dead references messages lint unit compat sanity docs docs-check agreement galaxy changelog changelog-check habits molecule bench ledger bench-mysql test-long mysql-faults
test: packages env env-compat ## every check, the scenarios in the form that CI has time for (CHANGED=1: only what the change can break; CHANGED=REV: since then)
	@$(CHECK) all

test-long: packages env env-compat ## the same with the long forms: four store hosts, a whole site whose parts are replaced, faults of backups and of the MySQL pair (more than an hour)
	@LONG=1 $(CHECK) all

dead: env ## names, files and table rows that nobody uses
	@$(CHECK) dead

lint: env ## ansible-lint (production), yamllint, ruff, mypy, shellcheck
	@$(CHECK) lint

unit: packages env ## unit tests
	@$(CHECK) unit

compat: env-compat ## unit tests, syntax and documentation on ansible-core 2.19 and 2.21
	@$(CHECK) compat

sanity: env ## ansible-test sanity
	@$(CHECK) sanity

docs: env ## write roles/*/README.md and the tables of README.md
	@$(CHECK) write-docs

docs-check: env ## fail when `make docs` would change something
	@$(CHECK) docs

agreement: env ## argument specs = defaults = use = inventories
	@$(CHECK) agreement

galaxy: env ## build the tarball, look inside, galaxy-importer, install, syntax by full name
	@$(CHECK) galaxy

changelog: env ## write CHANGELOG.rst again: plugins and fragments of the version in galaxy.yml
	@antsibull-changelog release --update-existing --refresh-plugins --reload-plugins

changelog-check: env ## fragments, changelog and CHANGELOG.rst agree
	@$(CHECK) changelog

references: env ## files and names that papers and comments point at are there
	@$(CHECK) references

messages: env ## every `Next:` of a message is followed by something that can be pasted
	@$(CHECK) messages

habits: env ## what the repository must never hold
	@$(CHECK) habits

preflight-hosts: packages env ## bad input, planted on lab hosts of its own
	@tests/tools/preflight.sh

redis-certificates-faults: packages env ## faults of Redis and certificates, planted in real servers on loopback; an ACME server
	@tests/tools/services.sh

secrets-hosts: packages env ## the data tier installed, changed and reset with -vvv and --diff: no secret is seen, no path is left
	@tests/tools/secrets.sh

mysql-backup-hosts: packages env ## the restore drill and the faults of backups, on lab hosts of their own
	@tests/tools/mysql_backup.sh

whole-site: packages env ## a whole site with Redis on TLS: Redis lost, certificates, CA and keys replaced under W&B's clients (a quarter of an hour)
	@tests/tools/whole.sh

standin: packages env ## the stand-in's own tests, against real services
	@lab/lab test

molecule: env ## one scenario: make molecule SCENARIO=site MOLECULE_ARGS=--destroy=never
	@tests/tools/molecule.sh $(SCENARIO) $(MOLECULE_ARGS)

mysql-faults: packages env ## the long proof of the MySQL pair: contract, controls, faults, every step killed (half an hour)
	@tests/tools/mysql_faults.sh

ledger: packages env ## N crash failovers of a MySQL pair under load, every acknowledged transaction counted: .lab/ledger.json (N=50)
	@tests/tools/ledger.sh ledger --failovers $(N) --switchovers 5 --json .lab/ledger.json $(LEDGER_ARGS)

bench-mysql: packages env ## MySQL: throughput, switchover, failover, no-op run, 5 GB of backups: .lab/bench-mysql.json (BENCH_ARGS='--gigabytes 1 --readme')
	@tests/tools/packages.sh sysbench
	@tests/tools/ledger.sh mysqlbench $(BENCH_ARGS)

bench: packages env ## bare hosts to serving, the no-op run, the floor, the object store: .lab/bench.json (BENCH_ARGS=--readme)
	lab/lab build
	@$(VENV)/bin/python tests/tools/bench.py --inventory $(INVENTORY) $(BENCH_ARGS)
