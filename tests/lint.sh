#!/bin/sh
# The house rules: lint.sh all | selftest | RULE...
#
# A rule is a function rule_NAME that looks at the files of the current folder, prints what is wrong and returns 1.
# Each rule also fails when it finds no file to look at. tests/lint/NAME[.case]/ holds a small house that breaks
# that rule, and in `expect` a piece of what the rule must say; `selftest` proves that every rule fails on each of
# its houses for that reason, fails on an empty list, and passes on tests/lint/clean.
# OUT: the build folder (generated headers, results of earlier runs).
set -u

RULES="format space length includes walls bpf tidy cppcheck shell man mutants"
OUT=${OUT:-out}
top=$(cd "$(dirname "$0")/.." && pwd)
case $OUT in /*) ;; *) OUT=$top/$OUT ;; esac
flags="-std=gnu11 -D_GNU_SOURCE -I. -Icollector -I$OUT/gen"
max_lines=450
jobs=$(nproc)

# files PATTERN...: the tree's own files of these names, tracked or not, one a line; in a seed, all of them.
files() {
	if [ -n "${seed:-}" ]; then
		for pattern in "$@"; do
			find . -type f -name "$pattern" | sed 's|^\./||'
		done
	else
		git -c safe.directory='*' ls-files --cached --others --exclude-standard -- "$@" |
			grep -v '^tests/lint/' | while read -r file; do [ ! -f "$file" ] || echo "$file"; done
	fi | sort -u
}

# need "LIST" WHAT: an empty list means that the rule has lost its files, not that all is well.
need() {
	[ -n "$1" ] && return 0
	echo "no $2 to look at"
	return 1
}

rule_format() { # clang-format, .clang-format of the tree
	list=$(files '*.c' '*.h')
	need "$list" 'C file' || return 1
	printf '%s\n' "$list" | xargs clang-format --dry-run -Werror --style="file:$top/.clang-format"
}

rule_space() { # no trailing whitespace, no CRLF, a newline at the end
	list=$(files '*.c' '*.h' '*.sh' '*.bats' '*.md' '*.py' '*.js' '*.json' '*.service' '*.[18]' '*.mutants' 'Makefile' '.ci/run')
	need "$list" 'text file' || return 1
	bad=0
	cr=$(printf '\r')
	printf '%s\n' "$list" | xargs grep -nE "[ 	$cr]+\$" /dev/null | sed "s/$cr/\\\\r/g; s/\$/  <- trailing whitespace or CRLF/" | grep . && bad=1
	for file in $list; do
		[ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] || {
			echo "$file: no newline at the end"
			bad=1
		}
	done
	return $bad
}

rule_length() { # a module that grew past the limit is two modules
	list=$(files '*.c' '*.h')
	need "$list" 'C file' || return 1
	printf '%s\n' "$list" | xargs wc -l | awk -v max=$max_lines '
		$2 != "total" && $1 > max { print $2 ": " $1 " lines, the limit is " max; bad = 1 } END { exit bad }'
}

rule_includes() { # which room may look into which: one row a room
	list=$(files '*.c' '*.h' | grep -v '^tests/')
	need "$list" 'C file' || return 1
	printf '%s\n' "$list" | xargs awk '
	BEGIN {
		sees["base"]   = "base"
		sees["model"]  = "base model"
		sees["wire"]   = "base model wire"
		sees["price"]  = "base model price"
		sees["manifest"] = "base model manifest"
		sees["store"]  = "base model wire price store"
		sees["serve"]  = "base model wire price store serve"
		sees["alerts"] = "base model wire price store serve alerts"
		sees["agent"]  = "base model wire agent bpf/record.h bpf/state.h bpf/tables.h"
		sees["tui"]    = "base model wire price manifest tui alerts/backtest/trace.h alerts/backtest/keepwarm.h alerts/backtest/slots.h alerts/advice/level.h"
		sees["bpf"]    = "bpf"
		sees["main"]   = "base model wire price store serve alerts" # collector/main.c composes the program
	}
	FNR == 1 {
		n = split(FILENAME, part, "/")
		room = part[1] != "collector" ? part[1] : n == 2 ? "main" : part[2]
		if (!(room in sees)) { print FILENAME ": " room " is no room of the house"; bad = 1 }
		if (room == "main" && part[2] != "main.c") { print FILENAME ": only main.c stands outside the rooms of collector/"; bad = 1 }
	}
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		path = $0; sub(/^[^"]*"/, "", path); sub(/".*/, "", path)
		if (index(path, "/") == 0 && path ~ /\.skel\.h$/ && room == "agent") next
		if (path == "vmlinux.h" && room == "bpf") next
		from = path; sub(/\/.*/, "", from)
		ok = 0
		m = split(sees[room], allowed, " ")
		for (i = 1; i <= m; i++) if (allowed[i] == from || allowed[i] == path) ok = 1
		if (!ok) { print FILENAME ":" FNR ": " room " must not include \"" path "\""; bad = 1 }
	}
	END { exit bad }'
}

rule_walls() { # one room owns each foreign library
	list=$(files '*.c' '*.h' | grep -v '^tests/')
	need "$list" 'C file' || return 1
	printf '%s\n' "$list" | xargs awk '
	/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
		path = $0; sub(/^[^<"]*[<"]/, "", path); sub(/[>"].*/, "", path)
		owner = ""
		if (path == "sqlite3.h") owner = "collector/store/"
		if (path ~ /^(ncursesw?\/)?(n?curses|panel|menu|form)\.h$/) owner = "tui/"
		if (path ~ /^bpf\/(libbpf|bpf|btf|libbpf_.*)\.h$/) owner = "agent/"
		if (path ~ /\.skel\.h$/) owner = "agent/"
		if (owner != "" && index(FILENAME, owner) != 1) {
			print FILENAME ":" FNR ": only " owner " may include " path; bad = 1
		}
	}
	END { exit bad }'
}

rule_bpf() { # kernel code is Dual BSD/GPL, and says so
	list=$(files '*.bpf.c' | grep '^bpf/')
	need "$list" 'kernel source' || return 1
	bad=0
	for file in $list; do
		grep -q 'SEC("license").*"Dual BSD/GPL"' "$file" || {
			echo "$file: no \"Dual BSD/GPL\" license"
			bad=1
		}
	done
	return $bad
}

# A key of everything that a result of clang-tidy rests on: the tool, its settings and flags, the file, its headers.
tidy_key() {
	{
		echo "$tidy_version $flags"
		cat "$top/.clang-tidy" "$1"
		# shellcheck disable=SC2086 # flags are words
		gcc -MM -MG $flags "$1" | tr '\\ ' '\n\n' |
			while read -r header; do [ ! -f "$header" ] || cat "$header"; done
	} | sha256sum | cut -d' ' -f1
}

# One process per file: several files in one give false va_list errors. What passed once is not run again until it
# or a header of it changes.
tidy_file() {
	tidy_version=$(clang-tidy --version | tr -d '\n')
	key=$OUT/lint/tidy/$(tidy_key "$1")
	[ ! -e "$key" ] || return 0
	# shellcheck disable=SC2086
	if said=$(clang-tidy --quiet --config-file="$top/.clang-tidy" "$1" -- $flags 2>&1); then
		: >"$key"
	else
		printf '%s\n' "$said" | grep -v 'warnings\? generated\|warnings treated as errors'
		return 1
	fi
}

rule_tidy() { # clang-tidy, .clang-tidy of the tree (kernel code is compiled for another machine: not here)
	list=$(files '*.c' | grep -v '^bpf/')
	need "$list" 'C file' || return 1
	mkdir -p "$OUT/lint/tidy"
	printf '%s\n' "$list" | OUT=$OUT xargs -P "$jobs" -n 1 sh "$top/tests/lint.sh" tidy-file
}

rule_cppcheck() { # leaks are left to the sanitizer: cppcheck does not know the cleanup attribute behind AUTO(free)
	list=$(files '*.c' | grep -v '^bpf/')
	need "$list" 'C file' || return 1
	mkdir -p "$OUT/lint/cppcheck"
	cache=--cppcheck-build-dir=$OUT/lint/cppcheck
	[ -z "${seed:-}" ] || cache=
	# shellcheck disable=SC2086
	printf '%s\n' "$list" | xargs cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
		--suppress=memleak --suppress=resourceLeak --error-exitcode=1 -j "$jobs" $cache -I. -Icollector
}

rule_shell() { # scripts and bats files
	list=$(files '*.sh' '*.bats' '*.bash' '.ci/run')
	need "$list" 'script' || return 1
	# shellcheck disable=SC2086
	shellcheck --severity=warning $list
}

# Options that a text names, one a line, sorted.
options_in() { grep -oE -- '(^|[^[:alnum:]-])--[a-z][a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+' | sort -u; }

# What the program says: its --help and that of each of its commands. In a seed, NAME.help stands for both.
help_of() {
	if [ -n "${seed:-}" ]; then
		cat "$1.help"
		return
	fi
	"$OUT/$1" --help 2>&1 || return
	[ "$1" = coldmeter ] || return 0
	for command in $(sed -n 's/^\.It Cm \([a-z-]*\).*/\1/p' "$2" | sort -u); do
		"$OUT/$1" "$command" --help 2>&1 || return
	done
}

rule_man() { # mandoc is content, and the pages name the options that --help names
	list=$(files '*.1' '*.8')
	need "$list" 'manual page' || return 1
	bad=0
	for page in $list; do
		mandoc -T lint -W warning "$page" || bad=1
		program=$(basename "${page%.*}")
		said=$(help_of "$program" "$page" 2>&1) || {
			echo "$page: $program --help does not work: make all"
			bad=1
			continue
		}
		help=$(printf '%s\n' "$said" | options_in)
		here=$(sed 's/\\-/-/g; s/Fl Fl /--/g; s/Fl -/--/g' "$page" | options_in)
		for option in $help; do
			echo "$here" | grep -qx -- "$option" || {
				echo "$page: does not mention $option, which $program --help does"
				bad=1
			}
		done
		for option in $here; do
			echo "$help" | grep -qx -- "$option" || {
				echo "$page: mentions $option, which $program --help does not"
				bad=1
			}
		done
	done
	return $bad
}

rule_mutants() { # what `make mutants` takes away is still there, and so is the test that has to fail then
	list=$(files '*.mutants')
	need "$list" 'list of mutants' || return 1
	# shellcheck disable=SC2086
	python3 "$top/tests/mutants/mutants.py" check $list
}

run_rules() {
	failed=0
	for rule in "$@"; do
		begun=$(date +%s)
		if said=$("rule_$rule" 2>&1); then
			printf 'lint     %-10s ok       %3d s\n' "$rule" $(($(date +%s) - begun))
		else
			printf 'lint     %-10s FAILED   %3d s\n' "$rule" $(($(date +%s) - begun))
			printf '%s\n' "$said" | sed 's/^/    /'
			failed=1
		fi
	done
	return $failed
}

# Each rule must fail on each of its seeds, fail on an empty list, and pass on the clean house.
selftest() {
	seed=1
	failed=0
	empty=$(mktemp -d) || exit 1
	for rule in $RULES; do
		seeds=0
		for house in "$top/tests/lint/$rule" "$top/tests/lint/$rule".*; do
			[ -d "$house" ] || continue
			seeds=$((seeds + 1))
			if said=$(cd "$house" && "rule_$rule" 2>&1); then
				echo "lint     $rule passes on its seeded violation ${house#"$top"/}"
				failed=1
			elif ! printf '%s\n' "$said" | grep -qF -- "$(cat "$house/expect")"; then
				echo "lint     $rule fails on ${house#"$top"/}, but not for the expected reason:"
				printf '%s\n' "$said"
				failed=1
			fi
		done
		[ $seeds -gt 0 ] || {
			echo "lint     $rule has no seeded violation"
			failed=1
		}
		if (cd "$empty" && "rule_$rule") >/dev/null 2>&1; then
			echo "lint     $rule passes on an empty list"
			failed=1
		fi
		said=$(cd "$top/tests/lint/clean" && "rule_$rule" 2>&1) || {
			echo "lint     $rule fails on the clean house:"
			printf '%s\n' "$said"
			failed=1
		}
		total=$((${total:-0} + seeds))
	done
	rmdir "$empty"
	[ $failed -eq 1 ] || echo "lint     selftest   ok: $total seeded violations found"
	return $failed
}

case ${1:-} in
all)
	cd "$top" || exit 1
	# shellcheck disable=SC2086
	run_rules $RULES
	;;
selftest) selftest ;;
tidy-file) tidy_file "$2" ;;
'')
	echo "usage: lint.sh all | selftest | RULE...   rules: $RULES" >&2
	exit 2
	;;
*)
	cd "$top" || exit 1
	run_rules "$@"
	;;
esac
