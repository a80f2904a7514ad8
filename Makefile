# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A thin door: everything is done by meson and by the scripts.

BUILD ?= build

build:
	@scripts/install-deps build
	@scripts/build $(BUILD)

help:
	@echo "make           build into $(BUILD)/"
	@echo "make demo      install what is missing, build, and watch Poise balance real requests"
	@echo "make lab       the demo's network that stays up, with a shell in it"
	@echo "make lab-down  end a lab from another terminal"
	@echo "make infra     two balancers, router, web servers, databases, monitor, until Ctrl-C (HA=bgp)"
	@echo "make test-infra  what of that is promised, tried part by part"
	@echo "make test      build with gcc, clang and sanitizers, then run every test"
	@echo "make continuity  kill, hang, upgrade and reload it under load, and see what a client notices"
	@echo "make bench     what a packet and a connection cost, beside others, eight minutes"
	@echo "make bench-full  the same with more rounds and parts, eighteen minutes"
	@echo "make install   install the programs (DESTDIR, PREFIX)"
	@echo "make clean     remove the build directories"

demo:
	@scripts/demo

lab:
	@scripts/lab

lab-down:
	@scripts/lab down

HA ?= vrrp

infra:
	@scripts/infra $(HA)

test-infra:
	@scripts/install-deps test
	@scripts/build $(BUILD)
	@POISE_BUILD=$(BUILD) tests/run infra/

test:
	@scripts/test

bench:
	@scripts/install-deps bench
	@scripts/build $(BUILD) -Dbench=true
	@POISE_BUILD=$(BUILD) bench/run

bench-full:
	@scripts/install-deps bench
	@scripts/build $(BUILD) -Dbench=true
	@POISE_BUILD=$(BUILD) bench/run --full

continuity:
	@scripts/continuity

install:
	@scripts/install-deps build
	@scripts/build $(BUILD) --prefix=$(or $(PREFIX),/usr/local)
	@meson install -C $(BUILD) --no-rebuild

clean:
	@rm -rf build build-clang build-asan build-other

.PHONY: build help demo lab lab-down infra test-infra test bench bench-full continuity install clean
