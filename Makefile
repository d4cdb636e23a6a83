# What people type; everything else is in scripts/ and in the Swift package.
.POSIX:
.PHONY: build demo clean-demo test lint bench images install dependencies

PREFIX = /usr/local
PROGRAMS = apus apusd apus-proxy apus-lab
BIN = .build/release

# Pods run the programs as users of their own, who must be allowed to.
build: dependencies
	umask 022; for program in $(PROGRAMS); do \
		swift build -c release --static-swift-stdlib --product $$program || exit 1; \
	done
	ln -sf apus $(BIN)/istioctl

# Brings up a cluster and a mesh on this machine and walks through automatic mutual TLS.
demo: build
	scripts/demo.sh $(BIN)

# Removes every trace of the demo.
clean-demo:
	scripts/clean-demo.sh $(BIN)

# With the programs that people run and the benchmarks measure.
test: build
	APUS_PROGRAMS="$$PWD/$(BIN)" scripts/test.sh

lint:
	scripts/lint.sh

bench: dependencies
	Benchmarks/run.sh $(ARGS)

# What a mesh on Kubernetes runs, as archives for ctr images import and the like.
images: build
	scripts/images.sh $(BIN) .build/images

install: build
	install -d $(DESTDIR)$(PREFIX)/bin
	for program in $(PROGRAMS); do install -m 755 $(BIN)/$$program $(DESTDIR)$(PREFIX)/bin || exit 1; done
	ln -sf apus $(DESTDIR)$(PREFIX)/bin/istioctl

dependencies:
	scripts/dependencies.sh
