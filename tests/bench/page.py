# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""Writes tables where the page "Performance" of the reference includes them from."""
import re

PICTURE = "images/growth.svg"
HEADING = """// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Written by `tests/bench/run.sh --page src/doc`, and included by performance.qdoc.
"""
SECTION = "\n//! [{0}]\n{1}//! [{0}]\n"


def as_qdoc(rows):
    lines = ["\\table"]
    for i, row in enumerate(rows):
        lines.append(("\\row" if i else "\\header") + "".join(f" \\li {cell}" for cell in row))
    return "\n".join([*lines, "\\endtable", ""])


def write(file, found):
    """Replaces the tables that were measured; the others stay as they are."""
    text = file.read_text(encoding="utf-8") if file.exists() else HEADING
    for name, tables in found.items():
        section = SECTION.format(name, "".join("\n" + as_qdoc(rows) for rows in tables))
        there = re.compile(r"\n//! \[{0}\]\n.*?//! \[{0}\]\n".format(name), re.S)
        text = there.sub(lambda _, new=section: new, text) if there.search(text) else text + section
    file.write_text(text, encoding="utf-8")
