#!/usr/bin/env python3
"""A function started anew for each report: counts the words of the files that it is given."""

import sys
from collections import Counter

words = Counter()
for name in sys.argv[1:]:
    with open(name, encoding="utf-8", errors="replace") as file:
        words.update(file.read().lower().split())
print(words.most_common(5))
