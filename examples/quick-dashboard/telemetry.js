// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

.pragma library
.import "format.js" as Format
.import "topic.js" as Topic
.import "value.js" as Value

// The last values by routing key, and the tree of the words of the routing keys. take() is called for each message and
// does little. work() looks for the values, as long as it may, when the event loop has time for it. Whatever is sent,
// all of this is bounded.

const generationSize = 5000; // so many routing keys that are used make a generation
const generations = 3; // those that were last used before so many of them are forgotten: the last 10,000 always stay
const mostValues = 60; // of a routing key
const mostWaiting = 16; // messages of a routing key until work() has looked at them; the newest of them stay
const mostWaitingTogether = 1000; // beyond them one of each routing key
const longestBody = 4096; // bytes in which values are looked for
const deepest = 8; // levels of the tree; the words below share one level
const mostOpened = 100; // a branch is shown open if it comes before there are more routing keys
const mostChosen = 20;

function create() {
    return {
        root: newNode(null, "", ""),
        entries: Object.create(null), // by routing key
        keyCount: 0,
        generation: 0,
        members: [0, 0, 0], // of each generation in turn, the routing keys that were used last in it
        forgotten: false, // whether there were more routing keys
        waiting: [], // entries that have messages for work()
        next: 0, // the first of them
        waitingCount: 0, // the messages of all of them
        pattern: "#",
        chosen: [], // names of numbers, those that were chosen last first
        serial: 0,
        rows: [],
        rowsWanted: false,
    };
}

function newNode(parent, word, path) {
    return {
        parent: parent,
        word: word,
        path: path, // the words up to this one
        order: word.slice(0, 64).replace(/\d+/g, (digits) => digits.padStart(12, "0")),
        level: parent ? parent.level + 1 : -1,
        children: [], // in the order of their words
        byWord: null,
        open: false,
        entry: null, // of the routing key that ends here
        fits: false, // whether that fits the pattern
        keyCount: 0, // routing keys here and below that fit the pattern
        messageCount: 0, // and their messages
        heard: 0, // when the last of them came
    };
}

function newEntry(key) {
    return {
        key: key,
        node: null, // work() makes it
        generation: -1, // in which it was used last
        count: 0, // messages
        counted: 0, // those that the tree knows of
        heard: 0, // when the last one came, in milliseconds
        waiting: [],
        numbers: [], // of the last message
        name: "", // of the number that is shown
        number: undefined, // undefined if the last message has none
        unit: "",
        text: "", // what is shown then
        values: [], // the last numbers of that name, the oldest first
        serial: 0, // changes with the values
    };
}

// Takes a message that came at the time `now`.
function take(store, message, now) {
    const key = message.routingKey;
    let entry = store.entries[key];
    if (entry === undefined) {
        entry = newEntry(key);
        renew(store, entry);
        store.entries[key] = entry;
        ++store.keyCount;
    } else if (entry.generation !== store.generation) {
        renew(store, entry);
    }
    ++entry.count;
    entry.heard = now;
    const waits = entry.waiting.length;
    if (waits === 0)
        store.waiting.push(entry);
    if (waits >= mostWaiting || (waits > 0 && store.waitingCount >= mostWaitingTogether))
        entry.waiting.shift();
    else
        ++store.waitingCount;
    const size = Format.size(message.body);
    entry.waiting.push(size <= longestBody ? message : { size: size });
}

// Looks for the values of messages that wait, for about so many milliseconds, and returns whether some still wait.
function work(store, milliseconds) {
    const end = Date.now() + milliseconds;
    while (store.next < store.waiting.length) {
        const entry = store.waiting[store.next++];
        store.waitingCount -= entry.waiting.length;
        for (const message of entry.waiting)
            apply(store, entry, message);
        entry.waiting = [];
        if (!entry.node)
            plant(store, entry);
        count(entry);
        if (Date.now() >= end)
            break;
    }
    if (store.next === store.waiting.length || store.next > generationSize)
        dropDone(store);
    return store.waiting.length > 0;
}

function dropDone(store) {
    store.waiting = store.waiting.slice(store.next);
    store.next = 0;
}

function apply(store, entry, message) {
    const text = message.text; // undefined if it is too long
    entry.numbers = text === undefined ? [] : Value.numbers(text);
    show(store, entry);
    if (entry.number !== undefined) {
        entry.values.push(entry.number);
        if (entry.values.length > mostValues)
            entry.values.shift();
    } else {
        entry.text = text === undefined ? qsTr("too long to show a value: %1").arg(Format.sizeText(message.size))
                                        : Format.preview(message.body);
    }
    entry.serial = ++store.serial;
}

// Picks the number to show of those that the last message has. Values of another name are no part of its course.
function show(store, entry) {
    const picked = Value.pick(entry.numbers, store.chosen);
    entry.number = picked?.number;
    if (!picked)
        return;
    entry.unit = picked.unit;
    if (entry.name !== picked.name) {
        entry.name = picked.name;
        entry.values = [];
    }
}

// Shows the number of this name of every routing key whose messages have it.
function choose(store, name) {
    store.chosen = [name, ...store.chosen.filter((each) => each !== name)].slice(0, mostChosen);
    for (const key in store.entries) {
        const entry = store.entries[key];
        const before = entry.name;
        show(store, entry);
        if (entry.name !== before) {
            entry.values = [entry.number];
            entry.serial = ++store.serial;
        }
    }
}

// Adds a routing key to the tree.
function plant(store, entry) {
    const words = entry.key.split(".");
    if (words.length > deepest)
        words.push(words.splice(deepest - 1).join("."));
    let node = store.root;
    for (const word of words) {
        node.byWord = node.byWord ?? Object.create(null);
        node = node.byWord[word] ?? addChild(store, node, word);
    }
    node.entry = entry;
    entry.node = node;
    node.fits = Topic.fits(store.pattern, entry.key);
    for (let each = node; each && node.fits; each = each.parent)
        ++each.keyCount;
    store.rowsWanted = store.rowsWanted || node.fits;
}

function addChild(store, parent, word) {
    const node = newNode(parent, word, parent === store.root ? word : parent.path + "." + word);
    node.open = store.keyCount <= mostOpened;
    parent.byWord[word] = node;
    let low = 0, high = parent.children.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (isBefore(parent.children[middle], node))
            low = middle + 1;
        else
            high = middle;
    }
    parent.children.splice(low, 0, node);
    return node;
}

// Numbers in words are in the order of numbers.
function isBefore(one, other) {
    return one.order === other.order ? one.word < other.word : one.order < other.order;
}

// Tells the tree of the messages of an entry that have come since.
function count(entry) {
    const added = entry.count - entry.counted;
    entry.counted = entry.count;
    for (let node = entry.node; node && entry.node.fits; node = node.parent) {
        node.messageCount += added;
        node.heard = Math.max(node.heard, entry.heard);
    }
}

// Notes that a routing key is used. Who wanted to know which of them has been silent for longest would have to sort
// them; this only asks whether one was used since so many others were.
function renew(store, entry) {
    if (store.members[store.generation % generations] >= generationSize) {
        const oldest = ++store.generation % generations;
        if (store.members[oldest] > 0)
            forget(store);
        store.members[oldest] = 0;
    }
    if (entry.generation >= 0)
        --store.members[entry.generation % generations];
    entry.generation = store.generation;
    ++store.members[store.generation % generations];
}

// Forgets the routing keys that were not used in the last generations. All are removed at once, since to remove one
// from so large an object takes about as long as to make the object anew.
function forget(store) {
    const entries = Object.create(null);
    for (const key in store.entries) {
        const entry = store.entries[key];
        if (entry.generation > store.generation - generations)
            entries[key] = entry;
        else
            --store.keyCount;
    }
    store.entries = entries;
    store.forgotten = true;
    dropDone(store);
    store.waiting = store.waiting.filter((entry) => entries[entry.key] === entry);
    store.waitingCount = store.waiting.reduce((sum, entry) => sum + entry.waiting.length, 0);
    prune(store, store.root);
    setPattern(store, store.pattern); // counts what is left
}

// Takes what was forgotten out of the tree, and returns whether anything is left.
function prune(store, node) {
    if (node.entry && store.entries[node.entry.key] !== node.entry)
        node.entry = null;
    const left = [];
    for (const child of node.children) {
        if (prune(store, child))
            left.push(child);
    }
    if (left.length < node.children.length) {
        node.children = left;
        node.byWord = Object.create(null);
        for (const child of left)
            node.byWord[child.word] = child;
    }
    return !!node.entry || left.length > 0;
}

// Shows in the tree only what fits the pattern.
function setPattern(store, pattern) {
    const parts = pattern.split(".");
    store.pattern = pattern;
    filter(store.root, parts, pattern === "#" ? null : Topic.begin(parts));
    store.rowsWanted = true;
}

// Counts what fits, also below; `at` is where the words of this node lead to in the pattern, null if all fits.
function filter(node, parts, at) {
    const entry = node.entry;
    const reached = entry?.key === "" ? Topic.begin(parts) : at; // which has no word, though its node has an empty one
    node.fits = !!entry && (!at || Topic.ends(parts, reached));
    node.keyCount = node.fits ? 1 : 0;
    node.messageCount = node.fits ? entry.counted : 0;
    node.heard = node.fits ? entry.heard : 0;
    for (const child of node.children) {
        filter(child, parts, at && Topic.follow(parts, at, child.word.split(".")));
        node.keyCount += child.keyCount;
        node.messageCount += child.messageCount;
        node.heard = Math.max(node.heard, child.heard);
    }
}

// Returns the lines of the tree, from top to bottom: those that fit the pattern and whose branches are open.
function rows(store) {
    if (store.rowsWanted) {
        store.rows = [];
        addRows(store.rows, store.root);
        store.rowsWanted = false;
    }
    return store.rows;
}

function addRows(rows, node) {
    for (const child of node.children) {
        if (child.keyCount === 0)
            continue;
        rows.push(child);
        if (child.open)
            addRows(rows, child);
    }
}

function isBranch(node) {
    return node.children.length > 0;
}

function setOpen(store, node, open) {
    node.open = open;
    store.rowsWanted = true;
}
