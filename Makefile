# coldmeter: one Makefile for everything. `make help` lists the targets.
#
# Sources are found by folder, so a new file needs no change here. Products go under $(OUT);
# each flavour (SAN=...) has an OUT of its own and never shares objects with another.

OUT     ?= out
prefix  ?= /usr/local
DESTDIR ?=
V       ?= 0
SAN     ?=

CC      := gcc
CLANG   ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/bin/bpftool /usr/local/sbin/bpftool) bpftool)
Q       := $(if $(filter 1,$(V)),,@)
say      = @$(if $(filter 1,$(V)),true,printf '  %-7s %s\n' '$(1)' '$(2)')

WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
           -Wconversion -Wno-sign-conversion -Wundef -Werror
CPPFLAGS := -D_GNU_SOURCE -I. -Icollector -I$(OUT)/gen
CFLAGS  ?= -O2 -g
HARDEN  := -fstack-protector-strong -fPIE
ALL_CFLAGS = -std=gnu11 $(CFLAGS) $(WARN) $(HARDEN) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
ALL_LDFLAGS = -pie $(LDFLAGS) $(if $(SAN),-fsanitize=$(SAN))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all deps run demo check check-unit check-system check-screens check-fresh lint bench fuzz install clean help
all: $(OUT)/coldmeter-agent $(OUT)/coldmeter-collector $(OUT)/coldmeter

# --- rooms -------------------------------------------------------------------------------
room     = $(patsubst %.c,$(OUT)/obj/%.o,$(filter-out %/main.c,$(wildcard $(1))))
BASE    := $(call room,collector/base/*.c)
MODEL   := $(call room,collector/model/*.c)
WIRE    := $(call room,collector/wire/*.c)
PRICE   := $(call room,collector/price/*.c) $(OUT)/obj/gen/book_embedded.o
STORE   := $(call room,collector/store/*.c collector/store/*/*.c)
SERVE   := $(call room,collector/serve/*.c)
ALERTS  := $(call room,alerts/*.c)
AGENT   := $(call room,agent/*.c)
TUI     := $(call room,tui/*.c)
PURE    := $(BASE) $(MODEL) $(WIRE)

LIBS_AGENT     := -lbpf -lelf -lz -lcurl -lzstd -lcap
LIBS_COLLECTOR := -lsqlite3 -lmicrohttpd -lcurl -ljansson -lzstd -lfyaml -lpthread -lm
LIBS_TUI       := -lcurl -ljansson -lncursesw -lzstd -lm
LIBS_UNIT      := -lcmocka $(LIBS_COLLECTOR) -lncursesw

# --- programs ----------------------------------------------------------------------------
$(OUT)/coldmeter-agent: $(OUT)/obj/agent/main.o $(AGENT) $(PURE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_AGENT)

$(OUT)/coldmeter-collector: $(OUT)/obj/collector/main.o $(SERVE) $(ALERTS) $(STORE) $(PRICE) $(PURE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_COLLECTOR)

$(OUT)/coldmeter: $(OUT)/obj/tui/main.o $(TUI) $(PRICE) $(PURE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_TUI)

$(OUT)/obj/%.o: %.c
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
	$(Q)$(CLANG) -target bpf -D__TARGET_ARCH_$(ARCH) -O2 -g -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-declarations \
	    -I. -I$(OUT)/gen -MMD -MP -c -o $@ $<

$(OUT)/gen/%.skel.h: $(OUT)/obj/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst .,_,$*)_bpf > $@

$(AGENT) $(OUT)/obj/agent/main.o: | $(BPF_SKEL)

# --- the price book, embedded ------------------------------------------------------------
BOOKS := $(wildcard collector/price/book/*.json)
$(OUT)/gen/book_embedded.c: $(BOOKS)
	$(call say,EMBED,$@)
	$(Q)mkdir -p $(@D)
	$(Q)sh collector/price/embed.sh $(BOOKS) > $@
$(OUT)/obj/gen/book_embedded.o: $(OUT)/gen/book_embedded.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -Wno-missing-prototypes -MMD -MP -c -o $@ $<

# --- tests -------------------------------------------------------------------------------
UNIT := $(patsubst tests/unit/%.c,$(OUT)/tests/%,$(wildcard tests/unit/test_*.c))
$(OUT)/tests/%: $(OUT)/obj/tests/unit/%.o $(ALERTS) $(SERVE) $(STORE) $(PRICE) $(PURE)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_UNIT)

clean:
	rm -rf $(OUT)

-include $(shell find $(OUT)/obj -name '*.d' 2>/dev/null)
