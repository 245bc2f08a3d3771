# SPDX-License-Identifier: MIT
# tachyon: record, report and watch samples of running Python programs.
#   make              build the programs into build/
#   make demo         install what is missing, build, record a program, show its profile
#   make check        install what is missing and run every test; T=word runs those that match
#   make check-slow   the tests that take minutes; make check-freethreaded: other builds
#   make help         all targets

VERSION := 0.1.0
PREFIX  ?= /usr/local
CC      ?= gcc
CFLAGS  ?= -O2 -g

comma := ,
# SAN=address,undefined or SAN=thread builds apart from the ordinary build.
export PYTHONS := $(CURDIR)/build/pythons
B := build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
export BUILD := $(CURDIR)/$(B)

WARN := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -DTACHYON_VERSION='"$(VERSION)"' -I. $(WARN) $(CFLAGS) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
ALL_LDFLAGS = $(LDFLAGS) $(if $(SAN),-fsanitize=$(SAN))
Q := $(if $(V),,@)

# ---- what is built from what ------------------------------------------------------------

# Every source but main.o is in a library, so that the tests link it, too.
sources = $(patsubst $(1)/%.c,%,$(filter-out $(1)/main.c,$(wildcard $(1)/*.c $(1)/*/*.c)))
objects = $(patsubst %,$(B)/obj/$(1)/%.o,$(call sources,$(1)))
base_obj    := $(call objects,base)
format_obj  := $(call objects,format)
profile_obj := $(call objects,profile)
record_obj  := $(call objects,tachyon-record)
report_obj  := $(call objects,tachyon-report)

programs := $(B)/tachyon-record $(B)/tachyon-report
manuals1 := man/tachyon-record.1 man/tachyon-report.1
manuals5 := man/tachyon-trace.5

all: $(programs) ## the programs

$(B)/lib/base.a: $(base_obj)
$(B)/lib/format.a: $(format_obj)
$(B)/lib/profile.a: $(profile_obj)
$(B)/lib/record.a: $(record_obj)
$(B)/lib/report.a: $(report_obj)
%.a:
	@mkdir -p $(@D)
	$(if $(V),,@echo '  AR      $@')
	$(Q)rm -f $@ && ar rcs $@ $^

record_lib := $(addprefix $(B)/lib/,record.a format.a base.a)
report_lib := $(addprefix $(B)/lib/,report.a profile.a format.a base.a)

$(B)/tachyon-record: $(B)/obj/tachyon-record/main.o $(record_lib)
	$(if $(V),,@echo '  LD      $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lzstd -lmsgpackc -lcjson -lelf -lpthread
$(B)/tachyon-report: $(B)/obj/tachyon-report/main.o $(report_lib)
	$(if $(V),,@echo '  LD      $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lzstd -lmsgpackc -lcjson -lm

$(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(if $(V),,@echo '  CC      $@')
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

# ---- try it -----------------------------------------------------------------------------

demo: ## record a bundled program and print its profile
	@tools/setup.sh build demo
	@$(MAKE) --no-print-directory all
	$(B)/tachyon-record run -o $(B)/demo.tachyon examples/log_report/main.py
	$(B)/tachyon-report pstats $(B)/demo.tachyon
	@echo
	@echo "The trace is $(B)/demo.tachyon; try $(B)/tachyon-report --help."

# ---- tests ------------------------------------------------------------------------------

unit_src := $(wildcard tests/base/*_test.c tests/format/*_test.c tests/profile/*_test.c \
	tests/tachyon-record/*_test.c tests/tachyon-report/*_test.c)
unit_bin := $(patsubst tests/%.c,$(B)/tests/%,$(unit_src))
test_lib := $(addprefix $(B)/lib/,record.a report.a profile.a format.a base.a)

$(B)/tests/%_test: $(B)/obj/tests/%_test.o $(B)/obj/tests/fixture.o $(test_lib)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  LD      $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka -lzstd -lmsgpackc -lcjson -lelf -lm -lpthread
$(B)/tests/make_trace: $(B)/obj/tests/make_trace.o $(test_lib)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  LD      $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lzstd -lmsgpackc -lm

$(B)/tests/refuse: $(B)/obj/tests/refuse.o
	@mkdir -p $(@D)
	$(if $(V),,@echo '  LD      $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^

$(B)/tests/linetable_check: $(B)/obj/tests/linetable_check.o $(test_lib)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  LD      $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^

check: ## every test; T=word selects files by name
	@tools/setup.sh build test demo
	@$(MAKE) --no-print-directory all unit-tests pythons
	@tests/run.sh $(B) $(T)

check-slow: ## the tests that take minutes
	@tools/setup.sh build test demo
	@$(MAKE) --no-print-directory all unit-tests pythons
	@SUITE=slow tests/run.sh $(B) $(T)

check-freethreaded: ## tests of free-threaded builds, which it compiles at first
	@tools/setup.sh build test demo
	@tools/freethreaded.sh
	@$(MAKE) --no-print-directory all unit-tests pythons
	@SUITE=freethreaded tests/run.sh $(B) $(T)

unit-tests: $(unit_bin) $(B)/tests/make_trace $(B)/tests/linetable_check $(B)/tests/refuse

pythons: ## the interpreters for the tests, into build/pythons
	@tools/setup.sh test
	@tools/pythons.sh build/pythons

layouts: pythons ## make the rows of CPython's structures again, from the headers
	tools/call_sites.sh build/pythons/list.txt > tachyon-record/cpython/call_site_rows.inc
	tools/layouts.sh build/pythons/list.txt > tachyon-record/cpython/layout_rows.inc
	tools/asyncio_layouts.sh build/pythons/list.txt > tachyon-record/cpython/asyncio_rows.inc

opcodes: pythons ## make the tables of instructions again, from the headers
	tools/opcodes.sh build/pythons/list.txt > tachyon-record/cpython/opcode_rows.inc

lint: ## what compilers and linters find
	@tools/setup.sh build test
	@tools/lint.sh

# ---- installation -----------------------------------------------------------------------

bindir := $(DESTDIR)$(PREFIX)/bin
mandir := $(DESTDIR)$(PREFIX)/share/man

install: all ## into $(DESTDIR)$(PREFIX)
	install -d $(bindir) $(mandir)/man1 $(mandir)/man5
	install -m 755 $(programs) $(bindir)
	install -m 644 $(manuals1) $(mandir)/man1
	install -m 644 $(manuals5) $(mandir)/man5

uninstall: ## removes what install has put there
	rm -f $(addprefix $(bindir)/,$(notdir $(programs)))
	rm -f $(addprefix $(mandir)/man1/,$(notdir $(manuals1)))
	rm -f $(addprefix $(mandir)/man5/,$(notdir $(manuals5)))

clean: ## removes build/
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

.PHONY: all demo check check-slow check-freethreaded unit-tests pythons layouts opcodes lint install
.PHONY: uninstall clean help
.DELETE_ON_ERROR:
.SECONDARY:
