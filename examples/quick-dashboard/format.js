// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

.pragma library

// How the bytes of a body are shown to a person.

const most = 32 * 1024; // a text area is slow with megabytes, and nobody reads them here

// The bytes as text: null if they are not UTF-8. Where they were cut off a character may be cut too.
function decode(bytes, cut) {
    let escaped = "";
    let end = bytes.length;
    while (cut && end > 0 && (bytes[end - 1] & 0xc0) === 0x80) // within a character
        --end;
    if (cut && end > 0 && bytes[end - 1] >= 0xc0)
        --end;
    for (let i = 0; i < end; ++i) {
        if (bytes[i] === 0)
            return null;
        escaped += bytes[i] < 0x80 && bytes[i] !== 0x25 ? String.fromCharCode(bytes[i])
                                                        : "%" + hex(bytes[i], 2);
    }
    try {
        return decodeURIComponent(escaped);
    } catch (error) {
        return null;
    }
}

function hex(number, digits) {
    return number.toString(16).padStart(digits, "0");
}

function hexDump(bytes) {
    const lines = [];
    for (let start = 0; start < bytes.length; start += 16) {
        let left = "", right = "";
        for (let i = start; i < Math.min(start + 16, bytes.length); ++i) {
            left += hex(bytes[i], 2) + (i % 16 === 7 ? "  " : " ");
            right += bytes[i] >= 0x20 && bytes[i] < 0x7f ? String.fromCharCode(bytes[i]) : "·";
        }
        lines.push(hex(start, 6) + "  " + left.padEnd(50) + right);
    }
    return lines.join("\n");
}

// The JSON with indentation and otherwise unchanged. If it were parsed and written again, large numbers would change.
function indented(json) {
    const parts = [];
    let depth = 0;
    let last = "";
    for (let i = 0; i < json.length; ++i) {
        const c = json[i];
        if (c === " " || c === "\n" || c === "\r" || c === "\t")
            continue;
        const closes = c === "}" || c === "]";
        const afterOpening = last === "{" || last === "[";
        if (closes)
            --depth;
        if (last === "," || (closes ? last !== "" && !afterOpening : afterOpening))
            parts.push("\n" + "  ".repeat(depth));
        if (c === "{" || c === "[")
            ++depth;
        last = c;
        if (c === ":") {
            parts.push(": ");
        } else if (c === '"') {
            const start = i;
            for (++i; json[i] !== '"'; ++i) {
                if (json[i] === "\\")
                    ++i;
            }
            parts.push(json.slice(start, i + 1));
        } else {
            parts.push(c);
        }
    }
    return parts.join("");
}

function sizeText(byteCount) {
    if (byteCount < 1024)
        return byteCount + " B";
    if (byteCount < 1024 * 1024)
        return (byteCount / 1024).toFixed(1) + " KiB";
    return (byteCount / 1024 / 1024).toFixed(1) + " MiB";
}

function size(buffer) {
    try {
        return buffer.byteLength;
    } catch (error) { // to Qt 6.4 an empty one is as if it were taken away
        return 0;
    }
}

// What a text area is to show of a message, and how many bytes of the body that is.
function body(message) {
    const byteCount = size(message.body);
    if (byteCount === 0)
        return { text: "", byteCount: 0 };
    const bytes = new Uint8Array(message.body.slice(0, most));
    const text = decode(bytes, byteCount > most);
    if (text === null) {
        const beginning = bytes.slice(0, most / 8);
        return { text: hexDump(beginning), byteCount: beginning.length };
    }
    return { text: byteCount <= most && message.json !== undefined ? indented(text) : text,
             byteCount: bytes.length };
}

// A text from anywhere, such as a routing key, on one line.
function line(text) {
    return text.replace(/[\u0000-\u001f\u007f\u0085\u2028\u2029]/g, "·");
}

// One short line for the list, cheap also for a body of megabytes.
function preview(buffer) {
    const byteCount = size(buffer);
    if (byteCount === 0)
        return "";
    const cut = byteCount > 160;
    const bytes = new Uint8Array(cut ? buffer.slice(0, 160) : buffer);
    const text = decode(bytes, cut);
    if (text !== null)
        return text.replace(/\s+/g, " ") + (cut ? "…" : "");
    return "binary, " + sizeText(byteCount) + ": "
        + Array.from(bytes.slice(0, 24), (each) => hex(each, 2)).join(" ") + (byteCount > 24 ? " …" : "");
}

// A timestamp: a date, or the number of seconds where that is no date of JavaScript.
function time(timestamp) {
    if (!(timestamp instanceof Date))
        return timestamp === undefined ? "" : String(timestamp);
    return isNaN(timestamp) ? "" : Qt.formatDateTime(timestamp, "yyyy-MM-dd hh:mm:ss t");
}

// A header's value; what is in a table may be anything as well.
function value(header) {
    const plain = (inner) => inner instanceof ArrayBuffer
        ? Array.from(new Uint8Array(inner), (each) => hex(each, 2)).join(" ")
        : inner;
    if (header === null || header === undefined)
        return "–";
    if (header instanceof Date)
        return time(header) || "–";
    const shown = plain(header);
    return typeof shown === "object" ? JSON.stringify(shown, (key, inner) => plain(inner))
                                     : String(shown);
}
