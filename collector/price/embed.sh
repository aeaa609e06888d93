#!/bin/sh
# Prints C that carries its argument files as the table of price/embedded.h.
set -eu

if [ "$#" -eq 0 ]; then
	echo "embed.sh: no file to embed" >&2
	exit 1
fi
printf '#include "price/embedded.h"\n'
n=0
for file in "$@"; do
	[ -s "$file" ] || { echo "embed.sh: $file is missing or empty" >&2; exit 1; }
	printf '\nstatic const unsigned char file_%d[] = {\n' "$n"
	od -An -v -tu1 "$file" | sed 's/[0-9][0-9]*/&,/g'
	printf '};\n'
	n=$((n + 1))
done
printf '\nconst struct embedded_file embedded_books[] = {\n'
n=0
for file in "$@"; do
	printf '\t{"%s", file_%d, sizeof file_%d},\n' "${file##*/}" "$n" "$n"
	n=$((n + 1))
done
printf '\t{0, 0, 0},\n};\n'
