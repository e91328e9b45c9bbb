// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The scripts of examples/quick-dashboard that find values and keep the topic tree.

import QtQuick
import QtTest
import "../../../examples/quick-dashboard/telemetry.js" as Store
import "../../../examples/quick-dashboard/value.js" as Value

TestCase {
    id: test
    name: "Telemetry"

    function message(routingKey, text) {
        return { routingKey: routingKey, text: text, body: { byteLength: text.length, slice: () => new ArrayBuffer(0) } }
    }
    // A store that has taken these: routing keys and texts in turn.
    function filled(...parts) {
        const store = Store.create()
        for (let i = 0; i < parts.length; i += 2)
            Store.take(store, message(parts[i], parts[i + 1]), i)
        while (Store.work(store, 1000)) { }
        return store
    }
    // The tree as lines, indented, with the value where there is one.
    function lines(store) {
        return Store.rows(store).map((node) => " ".repeat(node.level) + node.word
            + (node.fits && node.entry.number !== undefined ? "=" + node.entry.number : ""))
    }

    function test_findsNumbers_data() {
        return [
            { tag: "the body itself", text: " 21.5 ", numbers: "=21.5" },
            { tag: "negative", text: "-3e2", numbers: "=-300" },
            { tag: "the only one", text: '{"device":"a-1","level":4,"ok":true}', numbers: "level=4" },
            { tag: "with its unit", text: '{"level":4,"unit":"%"}', numbers: "level=4 %" },
            { tag: "each with its unit", text: '{"t":4,"t_unit":"K","p":2,"pUnit":"bar"}', numbers: "t=4 K,p=2 bar" },
            { tag: "a unit for the first", text: '{"unit":"K","t":4,"limit":2}', numbers: "t=4 K,limit=2" },
            { tag: "a unit that is none", text: '{"t":4,"unit":["K"]}', numbers: "t=4" },
            { tag: "the outer ones first", text: '{"z":{"a":1},"b":2,"c":[3,{"d":4}]}',
              numbers: "b=2,z.a=1,c.0=3,c.1.d=4" },
            { tag: "strange names", text: '{"__proto__":1,"":2,"<b>":3}', numbers: "__proto__=1,=2,<b>=3" },
            { tag: "too deep", text: '[[[[[1]]]]]', numbers: "" },
            { tag: "far too deep", text: "[".repeat(4000), numbers: "" },
            { tag: "no JSON", text: "1 bar", numbers: "" },
            { tag: "half of JSON", text: '{"a":1', numbers: "" },
            { tag: "no number", text: '{"a":"1","b":null,"c":false}', numbers: "" },
            { tag: "null", text: "null", numbers: "" },
            { tag: "empty", text: "", numbers: "" },
        ]
    }
    function test_findsNumbers(data) {
        compare(Value.numbers(data.text).map((each) => (each.name + "=" + each.number + " " + each.unit).trim()).join(),
                data.numbers)
    }
    function test_boundsNumbersAndNames() {
        compare(Value.numbers(JSON.stringify(Array.from({ length: 900 }, (_, i) => i))).length, 16)
        const [one] = Value.numbers(JSON.stringify({ [("n").repeat(500)]: 1, unit: ("u").repeat(500) }))
        compare(one.name.length, 64)
        compare(one.unit.length, 12)
    }

    function test_picksTheValue() {
        const found = Value.numbers('{"low":1,"value":2,"high":3}')
        compare(Value.pick(found, []).number, 2)
        compare(Value.pick(found, ["mean", "high", "low"]).number, 3)
        compare(Value.pick(Value.numbers('{"low":1,"high":3}'), ["mean"]).number, 1)
        compare(Value.pick([], ["low"]), undefined)
    }

    function test_writesNumbers_data() {
        return [
            { number: 0, text: "0" }, { number: -0.5, text: "-0.5" }, { number: 0.1 + 0.2, text: "0.3" },
            { number: 1234567, text: "1234567" }, { number: 1234.56789, text: "1234.568" },
            { number: 1e-7, text: "1.00e-7" }, { number: 9007199254740993, text: "9.01e+15" },
        ]
    }
    function test_writesNumbers(data) {
        compare(Value.text(data.number), data.text)
    }

    function test_growsATree() {
        const store = filled("hall.pump", '{"p":1}', "hall.fan", "2", "yard", "3", "hall", "4", "hall.pump", '{"p":5}')
        compare(lines(store), ["hall=4", " fan=2", " pump=5", "yard=3"])
        const [hall, , pump] = Store.rows(store)
        compare([hall.keyCount, hall.messageCount, hall.heard], [3, 4, 8])
        compare(pump.entry.values, [1, 5])
        Store.setOpen(store, hall, false)
        compare(lines(store), ["hall=4", "yard=3"])
        Store.take(store, message("hall.boiler", "6"), 9)
        Store.work(store, 1000)
        compare(lines(store), ["hall=4", "yard=3"])
        compare(hall.keyCount, 4)
        Store.setOpen(store, hall, true)
        compare(lines(store), ["hall=4", " boiler=6", " fan=2", " pump=5", "yard=3"])
    }

    function test_sortsNumbersInWords() {
        compare(lines(filled("p10", "x", "p9", "x", "10", "x", "9", "x", "p", "x", "P", "x")),
                ["9", "10", "P", "p", "p9", "p10"])
    }

    function test_showsWhatFits_data() {
        return [
            { pattern: "#", lines: ["=1", " =2", " a=3", "hall", " fan=5", " pump=4", "  speed=6", "yard=7"], keys: 7 },
            { pattern: "hall.#", lines: ["hall", " fan=5", " pump=4", "  speed=6"], keys: 3 },
            { pattern: "hall.pump.#", lines: ["hall", " pump=4", "  speed=6"], keys: 2 },
            { pattern: "*.*", lines: ["", " =2", " a=3", "hall", " fan=5", " pump=4"], keys: 4 },
            { pattern: "#.speed", lines: ["hall", " pump", "  speed=6"], keys: 1 },
            { pattern: "hall", lines: [], keys: 0 },
            { pattern: "yard.#", lines: ["yard=7"], keys: 1 },
            { pattern: ".#", lines: ["", " =2", " a=3"], keys: 2 },
            { pattern: "*", lines: ["yard=7"], keys: 1 },
        ]
    }
    function test_showsWhatFits(data) {
        const sent = ["", "1", ".", "2", ".a", "3", "hall.pump", "4", "hall.fan", "5", "hall.pump.speed", "6",
                      "yard", "7"]
        const later = filled(...sent)
        Store.setPattern(later, data.pattern)
        compare(lines(later), data.lines)
        compare(later.root.keyCount, data.keys)
        compare(later.root.messageCount, data.keys)

        const before = Store.create() // what comes later is counted as what was there
        Store.setPattern(before, data.pattern)
        for (let i = 0; i < sent.length; i += 2)
            Store.take(before, message(sent[i], sent[i + 1]), i)
        Store.work(before, 1000)
        compare(lines(before), data.lines)
        compare(before.root.messageCount, data.keys)
        Store.setPattern(before, "#")
        compare(before.root.messageCount, 7)
    }

    function test_keepsTheCourseOfOneNumber() {
        const store = filled("k", '{"a":1,"b":10}', "k", "no number", "k", '{"a":2,"b":20}')
        const entry = Store.rows(store)[0].entry
        compare([entry.name, entry.number, entry.values, entry.count], ["a", 2, [1, 2], 3])
        Store.choose(store, "b")
        compare([entry.name, entry.number, entry.values], ["b", 20, [20]])
        Store.take(store, message("k", '{"a":3}'), 9)
        Store.work(store, 1000)
        compare([entry.name, entry.number, entry.values], ["a", 3, [3]])
        Store.take(store, message("k", "text"), 9)
        Store.work(store, 1000)
        compare([entry.number, entry.values], [undefined, [3]])
    }

    function test_choosesForEveryKeyThatHasIt() {
        const store = filled("k.1", '{"a":1,"b":10}', "k.2", '{"b":20,"a":2}', "k.3", '{"c":3}')
        compare(lines(store), ["k", " 1=1", " 2=20", " 3=3"])
        Store.choose(store, "a")
        compare(lines(store), ["k", " 1=1", " 2=2", " 3=3"])
        for (let i = 0; i < 100; ++i)
            Store.choose(store, "n" + i)
        compare(store.chosen.length, 20)
    }

    function test_boundsWhatItKeeps() {
        const store = Store.create()
        for (let i = 0; i < 5000; ++i)
            Store.take(store, message("k", String(i)), i)
        const entry = store.entries["k"]
        compare(entry.waiting.length, 16)
        while (Store.work(store, 1000)) { }
        compare([entry.count, entry.number, entry.values.length], [5000, 4999, 16])
        for (let i = 0; i < 100; ++i) {
            Store.take(store, message("k", String(i)), i)
            Store.work(store, 1000)
        }
        compare(entry.values.length, 60)
        compare(entry.values[59], 99)

        Store.take(store, { routingKey: "long", body: { byteLength: 5000 }, text: "1" }, 0)
        Store.work(store, 1000)
        const large = store.entries["long"]
        compare(large.number, undefined)
        verify(large.text.includes("4.9 KiB"), large.text)
        compare(store.waitingCount, 0)

        for (let i = 0; i < 3000; ++i) // two of each, of which only one stays where there are many
            Store.take(store, message("many." + i % 1500, "1"), i)
        verify(store.waitingCount <= 1500)
    }

    // Words as nobody would choose them.
    function test_takesAnyRoutingKey() {
        const deep = "d.".repeat(126) + "d"
        const keys = ["", ".", "..", "__proto__", "constructor.prototype", "4294967294", "7", "*", "#", "a.#.b", deep,
                      "x".repeat(255), "<b>bold</b>", "\n", "%1 %2"]
        const store = Store.create()
        for (const key of keys)
            Store.take(store, message(key, "1"), 0)
        Store.work(store, 1000)
        compare(store.keyCount, keys.length)
        compare(store.root.keyCount, keys.length)
        compare(store.root.messageCount, keys.length)
        compare(Store.rows(store).filter((node) => node.entry).map((node) => node.entry.key).sort(), keys.sort())
        compare(Math.max(...Store.rows(store).map((node) => node.level)), 7)
        Store.setPattern(store, deep)
        compare(store.root.keyCount, 1)
        for (const key of keys) {
            Store.setPattern(store, key + ".#")
            verify(store.root.keyCount >= 1 || key === "" || key === ".", key)
        }
    }

    // Ten thousand routing keys are kept, and of more those that were used last.
    function test_boundsRoutingKeys() {
        const store = Store.create()
        const send = (from, count) => {
            for (let i = from; i < from + count; ++i) {
                Store.take(store, message("site." + i % 100 + ".sensor." + i, String(i)), i)
                if (i % 1000 === 999)
                    Store.work(store, 8)
            }
            while (Store.work(store, 1000)) { }
            compare(store.root.keyCount, store.keyCount)
        }
        send(0, 10000)
        send(0, 10000)
        compare([store.keyCount, store.root.messageCount, store.forgotten], [10000, 20000, false])
        compare(store.entries["site.0.sensor.0"].values, [0, 0])
        send(10000, 11000)
        verify(store.forgotten)
        verify(store.keyCount >= 10000 && store.keyCount <= 15000, String(store.keyCount))
        compare(Object.keys(store.entries).length, store.keyCount)
        for (const i of [11000, 20999])
            compare(store.entries["site." + i % 100 + ".sensor." + i].number, i)
        compare(store.entries["site.0.sensor.0"], undefined)
        Store.setPattern(store, "#.sensor.*")
        compare(store.root.keyCount, store.keyCount)
    }
}
