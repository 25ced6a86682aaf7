# Builds, runs and tests Cartledger on a bare machine, as root or not. `make` alone lists what there is to do.
#
# CARGO names another cargo, CARGO_TARGET_DIR another target folder, DATABASE_URL a Postgres server to use instead of a
# private one. Once built, nothing here needs a network.

.POSIX:
.DEFAULT_GOAL := help
.PHONY: help run test lint fmt deps sqlx check-sqlx openapi check-api bench fuzz chaos partition clean-data

CARGO ?= cargo
export CARGO

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r target text; do \
		printf '  make %-12s %s\n' "$$target" "$$text"; done

# The dev profile: its first build takes half as long as the release build, and the demo waits for the network, not for us.
run: deps ## play a day of orders against sandbox counterparts and serve the console; prints where to look
	$(CARGO) run --locked -- demo

test: deps lint ## everything that must hold: format, lints, all tests against a real Postgres, the documentation
	scripts/test

lint: ## format and clippy, warnings are errors
	scripts/check-rust
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

fmt: ## format the code
	$(CARGO) fmt

deps: ## see that Rust and Postgres are there; installs Debian's Postgres where that is allowed
	@scripts/check-rust
	@scripts/ensure-postgres

sqlx: deps ## describe all queries anew in .sqlx, after a change of a query or a migration
	scripts/prepare-queries

check-sqlx: deps ## fail when .sqlx does not fit the queries and migrations
	scripts/prepare-queries --check

openapi: ## write openapi/openapi.json anew, after a change of the admin API
	mkdir -p openapi
	$(CARGO) run --locked --quiet -- openapi > openapi/openapi.json.new
	mv openapi/openapi.json.new openapi/openapi.json

check-api: deps ## try the admin API against its description; needs schemathesis (pip)
	scripts/check-api

bench: deps ## measure speed and memory
	$(CARGO) bench --locked

fuzz: ## fuzz the reading and the derivation of orders for a minute each; needs cargo-fuzz
	scripts/fuzz

chaos: deps ## kill the program at every failpoint under faults; CAMPAIGNS=500 for more, SEED=7 to see one again
	scripts/chaos

partition: deps ## cut hosts off from Postgres, from Intacct and from both while they work; needs root and iproute2
	scripts/partition

clean-data: ## stop the private Postgres servers and delete their data, after asking
	scripts/clean-data
