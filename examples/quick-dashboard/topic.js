// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

.pragma library

// Routing keys and patterns as the broker's topic exchanges see them: words between dots. In a pattern * is any one
// word and # any number of words, also none.

function words(key) {
    return key === "" ? [] : key.split(".");
}

// A pattern is followed word by word. What begin() and next() return says for each of its parts whether that part may
// take the next word, which are those behind what the words so far have fitted.
function begin(parts) {
    return passOver(parts, [true]);
}

function next(parts, at, word) {
    const following = [];
    for (let i = 0; i < parts.length; ++i) {
        if (at[i] && parts[i] === "#")
            following[i] = true;
        else if (at[i] && (parts[i] === "*" || parts[i] === word))
            following[i + 1] = true;
    }
    return passOver(parts, following);
}

function follow(parts, at, words) {
    for (const word of words)
        at = next(parts, at, word);
    return at;
}

// Whether the words so far fit the whole pattern.
function ends(parts, at) {
    return !!at[parts.length];
}

function passOver(parts, at) {
    for (let i = 0; i < parts.length; ++i) {
        if (at[i] && parts[i] === "#")
            at[i + 1] = true;
    }
    return at;
}

function fits(pattern, key) {
    if (pattern === "#")
        return true;
    const parts = pattern.split(".");
    return ends(parts, follow(parts, begin(parts), words(key)));
}

// The pattern that fits this routing key and all that begin with it and a dot; a word that looks like a wildcard fits
// others as well, since no pattern can prevent it.
function branch(path) {
    return path + ".#";
}
