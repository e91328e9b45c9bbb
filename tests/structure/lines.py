#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""Counts the lines of code below the facades, without blank lines and comments.

Prints each layer with its public headers, their sum, and the longest files. The table of AMQP's methods,
src/codec/methods.h, is left out. Another source tree can be given as the argument.
"""

import pathlib
import re
import sys

LAYERS = ["values", "codec", "protocol", "transport", "api"]
# The implementation of each public header lies in its layer, under the same name; these have none.
HEADERS_WITHOUT_SOURCE = {"qtamqpglobal.h": "values"}


def code_lines(path):
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    lines = (line.strip() for line in text.splitlines())
    return sum(1 for line in lines if line and not line.startswith("//"))


def layer_of(header, top):
    if header.name in HEADERS_WITHOUT_SOURCE:
        return HEADERS_WITHOUT_SOURCE[header.name]
    for layer in LAYERS:
        if (top / "src" / layer / header.with_suffix(".cpp").name).exists():
            return layer
    return None  # of a facade


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    files = [path for layer in LAYERS for path in sorted((top / "src" / layer).glob("*.*"))]
    files += sorted((top / "include/QtAmqp").glob("*.h"))
    sums = dict.fromkeys(LAYERS, 0)
    counts = []
    for path in files:
        if path.suffix not in (".h", ".cpp") or path == top / "src/codec/methods.h":
            continue
        layer = path.parent.name if path.parent.name in LAYERS else layer_of(path, top)
        if layer:
            counts.append((code_lines(path), path.relative_to(top)))
            sums[layer] += counts[-1][0]
    for layer in LAYERS:
        print(f"{sums[layer]:6} {layer}")
    print(f"{sum(sums.values()):6} together\n")
    for count, path in sorted(counts, reverse=True)[:10]:
        print(f"{count:6} {path}")


main()
