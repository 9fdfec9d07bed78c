# The front door. It needs make, and npm with any Node from 20 on; npm brings the Node that runs the product.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: run test check bench migrate migrations demo clean help install build

# The pinned Node where npm carries one (Linux), else the machine's own. Looked up after the install.
NODE = $(shell test -x node_modules/.bin/node && echo node_modules/.bin/node || echo node)
BIN := node_modules/.bin
INSTALLED := node_modules/.installed
BUILT := web/dist/.built
WEB_SOURCES := $(shell find web contract -type f -not -path 'web/dist/*' 2>/dev/null)

run: build ## install, build the pages, load the demo grid, serve on http://localhost:8080
	@exec $(NODE) server/main.ts serve --demo

test: build ## every test, with a real PostgreSQL and a real browser (FILES=… for some of them)
	@$(NODE) tests/run.ts $(FILES)

check: install ## types, format, lint, unused code, structure, licences
	$(BIN)/tsc -p .
	$(BIN)/tsc -p web
	$(BIN)/biome check --error-on-warnings .
	$(BIN)/oxlint --type-aware --deny-warnings
	$(BIN)/knip --no-progress
	@$(NODE) --test --test-reporter=dot tests/architecture.test.ts tests/dependencies.test.ts

bench: install ## loading and asking, as ratios against PostgreSQL in the same run
	@$(NODE) bench/load.ts
	@$(NODE) bench/query.ts

migrate: install ## bring both stores to the current schema
	@$(NODE) server/main.ts migrate

migrations: install ## which migrations each store has, and which it lacks
	@$(NODE) server/main.ts migrate --status

demo: install ## load the demo grid, without serving it
	@$(NODE) server/main.ts demo

clean: ## remove what was installed and built; data/ stays
	rm -rf node_modules web/dist tests/.artifacts

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
	while IFS='|' read -r name what; do printf '  make %-11s %s\n' "$$name" "$$what"; done

install: $(INSTALLED)

build: $(BUILT)

$(INSTALLED): package.json package-lock.json .npmrc
	@echo 'installing the dependencies (about a minute the first time)'
	@npm ci --loglevel=error
	@export PATH="$(BIN):$$PATH"; if [ "$$(node -p 'parseInt(process.versions.node) >= 24')" != true ]; then \
	  echo "Node 24 or newer is needed. On Linux (x64, arm64) npm installs it; elsewhere the machine's own serves,"; \
	  echo "and here that is $$(node --version): install Node 24, then run make again."; exit 1; fi
	@if [ -d .git ] && [ -z "$$CI" ] && [ -z "$$(git config core.hooksPath)" ]; then $(BIN)/lefthook install >/dev/null; fi
	@touch $@

$(BUILT): $(INSTALLED) $(WEB_SOURCES)
	@$(NODE) node_modules/vite/bin/vite.js build web --logLevel warn
	@touch $@
