// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

.pragma library

// Whether a routing key fits a pattern, as the broker's topic exchanges see it: words between dots, of
// which * is any one and # any number, also none.
function fits(pattern, key) {
    const parts = pattern.split(".");
    const words = key === "" ? [] : key.split(".");
    // Which parts of the pattern may take the next word: those behind what the words so far have fitted.
    const passOver = (at) => {
        parts.forEach((part, i) => at[i + 1] = at[i + 1] || (at[i] && part === "#"));
        return at;
    };
    let at = passOver([true]);
    for (const word of words) {
        const next = [];
        parts.forEach((part, i) => {
            if (at[i] && part === "#")
                next[i] = true;
            else if (at[i] && (part === "*" || part === word))
                next[i + 1] = true;
        });
        at = passOver(next);
    }
    return !!at[parts.length];
}
