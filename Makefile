# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A thin door: everything is done by meson and by the scripts.

BUILD ?= build

help:
	@echo "make demo      install what is missing, build, and watch Poise balance real requests"
	@echo "make lab       the demo's network that stays up, with a shell in it"
	@echo "make test      build with gcc, clang and sanitizers, then run every test"
	@echo "make bench     ticks and packets a second of the packet path on this machine"
	@echo "make build     build into $(BUILD)/"
	@echo "make install   install the programs (DESTDIR, PREFIX)"
	@echo "make clean     remove the build directories"

demo:
	@scripts/demo

lab:
	@scripts/lab

test:
	@scripts/test

bench:
	@scripts/bench

build:
	@scripts/install-deps build
	@scripts/build $(BUILD)

install:
	@scripts/install-deps build
	@scripts/build $(BUILD) --prefix=$(or $(PREFIX),/usr/local)
	@meson install -C $(BUILD) --no-rebuild

clean:
	@rm -rf build build-clang build-asan

.PHONY: help demo lab test bench build install clean
