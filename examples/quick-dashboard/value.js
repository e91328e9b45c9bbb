// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

.pragma library

// Which numbers a message has, and which of them is the value that is shown.

const most = 16; // numbers of one message
const deepest = 4; // levels of objects and arrays that are looked into

// Returns the numbers in a JSON text, each with its name and unit: those of the outermost level first, otherwise in
// the order of the text. A text that is a number itself has one without a name. What is not JSON has none.
function numbers(text) {
    if (!/^\s*[-[{0-9]/.test(text)) // most that is not JSON is known by its beginning
        return [];
    let json;
    try {
        json = JSON.parse(text);
    } catch (error) {
        return [];
    }
    if (typeof json === "number")
        return isFinite(json) ? [{ name: "", number: json, unit: "" }] : [];
    const found = [];
    let level = [["", json]];
    for (let depth = 0; depth < deepest && level.length > 0; ++depth) {
        const inner = [];
        for (const [prefix, object] of level) {
            let first = true; // a unit that names no number is that of the first
            for (const name of Object.keys(object)) {
                const value = object[name];
                if (value !== null && typeof value === "object") {
                    inner.push([prefix + name + ".", value]);
                } else if (typeof value === "number" && isFinite(value)) {
                    found.push({ name: shortened(prefix + name, 64), number: value,
                                 unit: unit(object, name, first) });
                    if (found.length === most)
                        return found;
                    first = false;
                }
            }
        }
        level = inner;
    }
    return found;
}

function unit(object, name, first) {
    const given = object[name + "_unit"] ?? object[name + "Unit"] ?? (first ? object.unit : undefined);
    return typeof given === "string" ? shortened(given, 12) : "";
}

function shortened(text, longest) {
    return text.length <= longest ? text : text.slice(0, longest - 1) + "…";
}

// Returns which of the numbers is shown: the first of the chosen names that it has, or what is called "value", or the
// first number; undefined if there is none.
function pick(found, chosen) {
    for (const name of chosen) {
        const wanted = found.find((each) => each.name === name);
        if (wanted)
            return wanted;
    }
    return found.find((each) => each.name === "value") ?? found[0];
}

// Returns a number as a person reads it: seven digits of a fraction, no more than is exact of a large one.
function text(number) {
    if (number === undefined)
        return ""; // while one value takes the place of another
    const size = Math.abs(number);
    if (size !== 0 && (size < 1e-4 || size >= 1e15))
        return number.toExponential(2);
    return String(Number.isInteger(number) ? number : Number(number.toPrecision(7)));
}

// The same where there is little room, since half of a number would be another number.
function brief(number) {
    const whole = text(number);
    return whole.length <= 9 ? whole : number.toExponential(2);
}

// Returns how long ago something was, in one unit of time.
function age(milliseconds) {
    const seconds = Math.floor(milliseconds / 1000);
    if (seconds < 1)
        return qsTr("now");
    if (seconds < 60)
        return qsTr("%1 s").arg(seconds);
    if (seconds < 3600)
        return qsTr("%1 min").arg(Math.floor(seconds / 60));
    if (seconds < 86400)
        return qsTr("%1 h").arg(Math.floor(seconds / 3600));
    return qsTr("%1 d").arg(Math.floor(seconds / 86400));
}

function ago(milliseconds) {
    return milliseconds < 1000 ? qsTr("just now") : qsTr("%1 ago").arg(age(milliseconds));
}
