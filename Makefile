# What people type; everything else is in scripts/ and in the Swift package.
.POSIX:
.PHONY: build demo clean-demo test lint bench install dependencies

PREFIX = /usr/local
SWIFT_RELEASE = swift build -c release --static-swift-stdlib
BIN = .build/release

build: dependencies
	$(SWIFT_RELEASE)
	ln -sf apus $(BIN)/istioctl

# Brings up a cluster and a mesh on this machine and walks through automatic mutual TLS.
demo: build
	scripts/demo.sh $(BIN)

# Removes every trace of the demo.
clean-demo:
	scripts/clean-demo.sh $(BIN)

test: dependencies
	scripts/test.sh

lint:
	scripts/lint.sh

bench: dependencies
	scripts/bench.sh

install: build
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BIN)/apus $(BIN)/apusd $(BIN)/apus-proxy $(BIN)/apus-lab $(DESTDIR)$(PREFIX)/bin
	ln -sf apus $(DESTDIR)$(PREFIX)/bin/istioctl

dependencies:
	scripts/dependencies.sh
