# coldmeter: one Makefile for everything. `make help` lists the targets.
#
# Sources are found by folder, so a new file needs no change here:
#   collector/*/**.c alerts/**.c agent/**.c tui/**.c    the programs (a room may have rooms)
#   bpf/*.bpf.c                      -> $(OUT)/gen/*.skel.h
#   tests/unit/test_*.c              -> $(OUT)/tests/test_*            linked with the rooms they include
#   tests/functions/*/NAME.c         -> $(OUT)/tests/functions/NAME    each a program of its own
#   tests/bench/bench_*.c            -> $(OUT)/bench/bench_*           tests/bench/*.sh run as they are; BENCH=overhead
#                                       runs those that have this in their name only
#   tests/fuzz/fuzz_X.c              -> $(OUT)/fuzz/X                  corpus in tests/fuzz/corpus/X
# Products go under $(OUT); each flavour (SAN=...) has an OUT of its own and never shares objects.

comma   := ,
SAN     ?=
OUT     ?= out$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
prefix  ?= /usr/local
bindir  ?= $(prefix)/bin
sbindir ?= $(prefix)/sbin
mandir  ?= $(prefix)/share/man
unitdir ?= $(prefix)/lib/systemd/system
datadir ?= $(prefix)/share
DESTDIR ?=
V       ?= 0
FUZZ_SECONDS ?= 10

CC      := gcc
CLANG   ?= clang
BPFTOOL ?= bpftool
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin# where bpftool lives, also for an ordinary user
Q       := $(if $(filter 1,$(V)),,@)
say      = @$(if $(filter 1,$(V)),true,printf '  %-7s %s\n' '$(1)' '$(2)')

WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
           -Wconversion -Wno-sign-conversion -Wundef -Werror
CPPFLAGS := -D_GNU_SOURCE -I. -Icollector -I$(OUT)/gen
CFLAGS  ?= -O2 -g
HARDEN  := -fstack-protector-strong -fPIE
ALL_CFLAGS = -std=gnu11 $(CFLAGS) $(WARN) $(HARDEN) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
ALL_LDFLAGS = -pie -Wl,--as-needed $(LDFLAGS) $(if $(SAN),-fsanitize=$(SAN))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all deps run demo check check-unit check-system check-screens check-kernels check-fresh mutants lint bench fuzz install clean help FORCE
# A program is built once its rooms are in the tree.
PROGRAMS := $(if $(wildcard agent/main.c),$(OUT)/coldmeter-agent) \
            $(if $(wildcard collector/main.c),$(OUT)/coldmeter-collector) \
            $(if $(and $(wildcard tui/main.c),$(wildcard collector/price/embed.sh)),$(OUT)/coldmeter)
all: $(PROGRAMS) ## build every program (the default)

# Parallel unless the command line says otherwise; `make clean all` keeps its order.
MAKEFLAGS += -j$(or $(shell nproc),1)
ifneq ($(filter clean,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

# --- what must be here first ---------------------------------------------------------------
# These goals install what is missing before anything is compiled; `make all` only says what is missing.
GOALS     := $(or $(MAKECMDGOALS),all)
GROUPS    := $(if $(filter deps,$(GOALS)),build run test lint fresh,$(sort \
               $(if $(filter run demo,$(GOALS)),build run) \
               $(if $(filter check mutants bench fuzz,$(GOALS)),build run test) \
               $(if $(filter lint,$(GOALS)),build lint) \
               $(if $(filter check-fresh,$(GOALS)),fresh)))
PRESENT   := $(if $(GROUPS),deps,$(if $(filter all install check-unit check-system check-screens check-kernels,$(GOALS)),deps-missing))
.PHONY: deps-missing
deps: ## install what is missing, through apt
	@$(if $(filter deps,$(GOALS)),,DEPS_QUIET=1) tests/deps.sh install $(GROUPS)
deps-missing:
	@DEPS_QUIET=1 tests/deps.sh missing build $(if $(filter check-%,$(GOALS)),run test)
$(OUT)/gen/vmlinux.h $(OUT)/flags: | $(PRESENT)

# Rewritten only when the flags change, so an OUT never holds objects of two flavours.
$(OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS)' > $@

# --- rooms -------------------------------------------------------------------------------
room     = $(patsubst %.c,$(OUT)/obj/%.o,$(filter-out %/main.c,$(wildcard $(1))))
BASE    := $(call room,collector/base/*.c)
MODEL   := $(call room,collector/model/*.c)
WIRE    := $(call room,collector/wire/*.c collector/wire/*/*.c)
PRICE   := $(call room,collector/price/*.c collector/price/*/*.c) $(if $(wildcard collector/price/embed.sh),$(OUT)/obj/gen/book_embedded.o)
STORE   := $(call room,collector/store/*.c collector/store/*/*.c collector/store/*/*/*.c)
MANIFEST := $(call room,collector/manifest/*.c)
SERVE   := $(call room,collector/serve/*.c collector/serve/*/*.c)
ALERTS  := $(call room,alerts/*.c alerts/*/*.c)
AGENT   := $(call room,agent/*.c agent/*/*.c)
TUI     := $(call room,tui/*.c tui/*/*.c)
# What of alerts/ is pure and read from files: the back-tests of the user's own window.
REPLAY  := $(call room,alerts/backtest/*.c alerts/advice/level.c)
PURE    := $(BASE) $(MODEL) $(WIRE)
ROOMS   := $(ALERTS) $(SERVE) $(STORE) $(MANIFEST) $(PRICE) $(PURE)

LIBS_AGENT     := -lbpf -lelf -lz -lcurl -lzstd -lfyaml -ljansson -lcap -lm
LIBS_COLLECTOR := -lsqlite3 -lmicrohttpd -lgnutls -lcurl -ljansson -lzstd -lz -lfyaml -lpthread -lm
LIBS_TUI       := -lcurl -ljansson -lncursesw -lzstd -lz -lfyaml -lm
LIBS_ALL       := $(LIBS_AGENT) $(LIBS_COLLECTOR) -lncursesw
LIBS_UNIT      := -lcmocka $(LIBS_ALL)

# --- programs ----------------------------------------------------------------------------
$(OUT)/coldmeter-agent: $(OUT)/obj/agent/main.o $(AGENT) $(PURE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_AGENT)

$(OUT)/coldmeter-collector: $(OUT)/obj/collector/main.o $(SERVE) $(ALERTS) $(STORE) $(PRICE) $(PURE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_COLLECTOR)

$(OUT)/coldmeter: $(OUT)/obj/tui/main.o $(TUI) $(REPLAY) $(MANIFEST) $(PRICE) $(PURE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_TUI)

$(OUT)/obj/%.o: %.c $(OUT)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# --- the kernel side ---------------------------------------------------------------------
BPF_SRC  := $(wildcard bpf/*.bpf.c)
BPF_SKEL := $(patsubst bpf/%.bpf.c,$(OUT)/gen/%.skel.h,$(BPF_SRC))
ARCH     := $(shell uname -m | sed 's/x86_64/x86/;s/aarch64/arm64/')

$(OUT)/gen/vmlinux.h:
	$(call say,BTF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)test -r /sys/kernel/btf/vmlinux || { echo "this kernel has no BTF (/sys/kernel/btf/vmlinux): boot one built with CONFIG_DEBUG_INFO_BTF=y" >&2; exit 1; }
	$(Q)$(BPFTOOL) btf dump file /sys/kernel/btf/vmlinux format c > $@

$(OUT)/obj/bpf/%.bpf.o: bpf/%.bpf.c $(OUT)/gen/vmlinux.h
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -O2 -g -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-declarations \
	    -I. -I$(OUT)/gen -MMD -MP -c -o $@ $<

$(OUT)/gen/%.skel.h: $(OUT)/obj/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)mkdir -p $(@D)
	$(Q){ echo '/* NOLINTBEGIN: generated, clang-tidy has no say */' && \
	    $(BPFTOOL) gen skeleton $< name $(subst .,_,$*)_bpf && echo '/* NOLINTEND */'; } > $@

$(AGENT) $(OUT)/obj/agent/main.o: | $(BPF_SKEL)

# --- the price book, embedded ------------------------------------------------------------
BOOKS := $(wildcard collector/price/book/*.json)
$(OUT)/gen/book_embedded.c: $(BOOKS) $(wildcard collector/price/embed.sh)
	$(call say,EMBED,$@)
	$(Q)mkdir -p $(@D)
	$(Q)sh collector/price/embed.sh $(BOOKS) > $@
$(OUT)/obj/gen/book_embedded.o: $(OUT)/gen/book_embedded.c $(OUT)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -Wno-missing-prototypes -MMD -MP -c -o $@ $<

# --- see it work -------------------------------------------------------------------------
# What sudo built belongs to the user who called it, so that a later plain `make` can write there.
hand_back = @[ -z "$$SUDO_UID" ] || chown -R --from=root "$$SUDO_UID:$$SUDO_GID" $(OUT)

run: all ## start agent, collector and dashboard (needs root: sudo make run)
	$(hand_back)
	@exec $(OUT)/coldmeter run --data $(abspath $(OUT))/run

demo: all $(OUT)/tests/functions ## the same with three small functions and a gentle load
	$(hand_back)
	@export OUT=$(abspath $(OUT)); trap 'sh tests/functions/demo.sh stop' EXIT; trap 'exit 1' INT TERM HUP; \
	    sh tests/functions/demo.sh start && $(OUT)/coldmeter run --data $(abspath $(OUT))/run

# --- tests -------------------------------------------------------------------------------
# A unit test links what it refers to; agent and tui are built only for the tests that include them.
UNIT := $(patsubst tests/unit/%.c,$(OUT)/tests/%,$(wildcard tests/unit/test_*.c))
tests_of = $(patsubst tests/unit/%.c,$(OUT)/tests/%,$(shell grep -lE '^.include "$(1)/' tests/unit/test_*.c 2>/dev/null))
$(OUT)/tests/%: $(OUT)/obj/tests/unit/%.o $(OUT)/lib/rooms.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS_UNIT)
$(call tests_of,agent): $(OUT)/lib/agent.a
$(call tests_of,tui): $(OUT)/lib/tui.a

$(OUT)/lib/rooms.a: $(ROOMS)
$(OUT)/lib/agent.a: $(AGENT)
$(OUT)/lib/tui.a: $(TUI)
$(OUT)/lib/%.a:
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $^

# Programs that the tests and the demo run: servers, clients, small functions.
FUNCTIONS := $(wildcard tests/functions/*/*.c)
define function_program
$(OUT)/tests/functions: $(OUT)/tests/functions/$(basename $(notdir $(1)))
$(OUT)/tests/functions/$(basename $(notdir $(1))): $(OUT)/obj/$(1:.c=.o)
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ -lpthread $(if $(filter %/bpf_stats.c %/bpf_floor.c,$(1)),-lbpf -lelf -lz)
endef
$(foreach source,$(FUNCTIONS),$(eval $(call function_program,$(source))))
.PHONY: $(OUT)/tests/functions
$(OUT)/tests/functions:

CHECK = OUT=$(abspath $(OUT)) SAN=$(SAN) tests/check.sh
check: all $(UNIT) $(OUT)/tests/functions ## every test: unit, system, screens (system tests need root)
	$(hand_back)
	@$(CHECK) unit system screens
check-unit: $(UNIT) ## the unit tests
	@$(CHECK) unit
check-system: all $(OUT)/tests/functions ## real probes, real runtimes (needs root)
	@$(CHECK) system
check-screens: all $(OUT)/tests/functions ## the dashboard in tmux
	@$(CHECK) screens
check-kernels: all $(OUT)/tests/functions ## Debian's 6.1 and 6.12, emulated: every kind of function, every back-end
	@OUT=$(abspath $(OUT)) tests/kernels.sh all
check-fresh: deps ## build and unit-test in a bare Debian root (needs root)
	@tests/check_fresh.sh
# MUTANTS='head cause-*': only these. They are built in a copy of the tree.
MUTANTS ?=
mutants: deps ## takes away what handles one ending or shape at a time: a test must fail (needs root)
	@OUT=$(abspath $(OUT)) python3 tests/mutants/mutants.py run $(wildcard tests/mutants/*.mutants) $(if $(MUTANTS),-- $(MUTANTS)); status=$$?; \
	    [ -z "$$SUDO_UID" ] || chown -R --from=root "$$SUDO_UID:$$SUDO_GID" $(OUT); exit $$status
lint: all $(BPF_SKEL) $(OUT)/gen/vmlinux.h ## format, tidy, cppcheck, house rules
	@OUT=$(OUT) tests/lint.sh selftest
	@OUT=$(OUT) tests/lint.sh all

# --- how fast ----------------------------------------------------------------------------
BENCH   ?=
BENCHES := $(patsubst tests/bench/%.c,$(OUT)/bench/%,$(wildcard tests/bench/bench_*.c))
CHOSEN   = $(strip $(foreach b,$(BENCHES) $(wildcard tests/bench/*.sh),$(if $(findstring $(BENCH),$(notdir $(b))),$(b))))
$(OUT)/bench/%: $(OUT)/obj/tests/bench/%.o $(OUT)/lib/rooms.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS_ALL)
bench: all $(BENCHES) $(OUT)/tests/functions ## measure: one line each (BENCH=overhead: only those)
	$(hand_back)
	@[ -n "$(CHOSEN)" ] || { echo "bench: nothing in tests/bench is named *$(BENCH)*" >&2; exit 2; }
	@export OUT=$(abspath $(OUT)); for b in $(CHOSEN); do \
	    case $$b in *.sh) sh $$b;; *) $$b;; esac || exit 1; done

# --- hostile input -----------------------------------------------------------------------
# Built by clang with the fuzzer's own instrumentation, under its own folder.
# A fuzzer links what it refers to, as a unit test does.
FUZZ       := $(patsubst tests/fuzz/fuzz_%.c,$(OUT)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_FLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all
fuzzed      = $(patsubst $(OUT)/obj/%,$(OUT)/fuzz/obj/%,$(1))
fuzzers_of  = $(patsubst tests/fuzz/fuzz_%.c,$(OUT)/fuzz/%,$(shell grep -lE '^.include "$(1)/' tests/fuzz/fuzz_*.c 2>/dev/null))
$(OUT)/fuzz/obj/%.o: %.c | $(OUT)/flags
	$(call say,FUZZCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c -o $@ $<
$(OUT)/fuzz/obj/gen/book_embedded.o: $(OUT)/gen/book_embedded.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) $(FUZZ_FLAGS) -c -o $@ $<
$(call fuzzed,$(AGENT)): | $(BPF_SKEL)
$(OUT)/fuzz/rooms.a: $(call fuzzed,$(ROOMS))
$(OUT)/fuzz/agent.a: $(call fuzzed,$(AGENT))
$(OUT)/fuzz/tui.a: $(call fuzzed,$(TUI))
$(OUT)/fuzz/%.a:
	$(Q)rm -f $@ && ar rcs $@ $^
$(call fuzzers_of,agent): $(OUT)/fuzz/agent.a
$(call fuzzers_of,tui): $(OUT)/fuzz/tui.a
$(FUZZ): $(OUT)/fuzz/%: $(OUT)/fuzz/obj/tests/fuzz/fuzz_%.o $(OUT)/fuzz/rooms.a
	$(call say,LINK,$@)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -Wl,--as-needed -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS_ALL)
fuzz: $(FUZZ) ## each decoder for FUZZ_SECONDS (10)
	@OUT=$(OUT) FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz.sh $(FUZZ)

# --- install -----------------------------------------------------------------------------
install: all ## honours DESTDIR and prefix
	$(hand_back)
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(sbindir) $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(mandir)/man8 $(DESTDIR)$(unitdir) \
	    $(DESTDIR)$(datadir)/coldmeter/grafana
	install -m 755 $(OUT)/coldmeter $(OUT)/coldmeter-collector $(DESTDIR)$(bindir)
	install -m 755 $(OUT)/coldmeter-agent $(DESTDIR)$(sbindir)
	install -m 644 tui/man/coldmeter.1 $(DESTDIR)$(mandir)/man1
	install -m 644 agent/man/coldmeter-agent.8 collector/man/coldmeter-collector.8 $(DESTDIR)$(mandir)/man8
	install -m 644 collector/grafana/coldmeter.json $(DESTDIR)$(datadir)/coldmeter/grafana
	sed 's|@sbindir@|$(sbindir)|' agent/coldmeter-agent.service > $(DESTDIR)$(unitdir)/coldmeter-agent.service
	sed 's|@bindir@|$(bindir)|' collector/coldmeter-collector.service > $(DESTDIR)$(unitdir)/coldmeter-collector.service
	install -m 644 collector/coldmeter-collector.socket $(DESTDIR)$(unitdir)

clean: ## remove what was built (caches of installed runtimes stay)
	rm -rf $(OUT)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | sort | while IFS='|' read -r target text; do printf '  %-14s %s\n' "$$target" "$$text"; done
	@echo '  SAN=address,undefined builds and tests that flavour; V=1 shows the commands'

-include $(shell find $(OUT)/obj $(OUT)/fuzz/obj -name '*.d' 2>/dev/null)
