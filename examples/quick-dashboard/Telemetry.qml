// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtAmqp
import "format.js" as Format
import "telemetry.js" as Store
import "value.js" as Value

// What the messages of a queue say: the last values of each routing key, and the tree of the routing keys' words.
// A message costs a look-up when it comes; the values are looked for some times in a second, in steps that are short.
Item {
    id: telemetry

    property AmqpQueue queue
    property string pattern: "#" // only what fits it is in the tree
    property bool paused // what is shown stays as it is
    readonly property ListModel rows: ListModel { } // as many as the tree has lines; line() says what is in them
    property int revision: 0 // grows whenever lines may have changed
    property int keyCount: 0
    property int fittingCount: 0
    property bool forgotten: false // whether routing keys were forgotten, since there were too many
    property var store: Store.create()

    function take(message): void {
        Store.take(telemetry.store, message, Date.now());
        if (!worker.running)
            worker.start();
    }

    // Looks for the values of what has come.
    function work(): void {
        const more = Store.work(telemetry.store, 8);
        telemetry.update();
        worker.interval = more ? 20 : 200;
        if (more)
            worker.restart();
    }

    function update(): void {
        if (!telemetry.paused)
            telemetry.refresh();
    }

    function refresh(): void {
        const lines = Store.rows(telemetry.store).length;
        if (lines < telemetry.rows.count)
            telemetry.rows.remove(lines, telemetry.rows.count - lines);
        // A view asks for what it shows. So all that are added are the same, and they are added at the end.
        const added = Math.min(lines - telemetry.rows.count, 2000);
        if (added > 0)
            telemetry.rows.append(Array.from({ length: added }, () => ({ line: 0 })));
        telemetry.keyCount = telemetry.store.keyCount;
        telemetry.fittingCount = telemetry.store.root.keyCount;
        telemetry.forgotten = telemetry.store.forgotten;
        ++telemetry.revision;
        if (telemetry.rows.count < lines)
            filler.start();
    }

    // Returns what a line shows. The revision is given for the sake of bindings, which are evaluated anew with it.
    function line(index: int, revision: int): var {
        const node = telemetry.store.rows[index];
        const entry = node?.fits ? node.entry : null;
        return {
            word: Format.line(node?.word ?? ""),
            path: node?.path ?? "",
            level: node?.level ?? 0,
            isBranch: !!node && Store.isBranch(node),
            open: node?.open ?? false,
            keyCount: node?.keyCount ?? 0,
            messageCount: node?.messageCount ?? 0,
            age: node ? Value.age(Date.now() - node.heard) : "",
            entry: entry, // what is shown of it comes here as well, since it changes itself
            number: entry?.number,
            unit: entry?.unit || entry?.name || "",
            text: entry?.text ?? "",
            values: entry?.values ?? [],
            serial: entry?.serial ?? 0,
        };
    }

    // Returns the number of the line with this path, -1 if it is not shown.
    function find(path: string): int {
        return telemetry.store.rows.findIndex((node) => node.path === path);
    }

    // Returns the number of the line of the branch that this line belongs to, -1 if there is none.
    function parentOf(index: int): int {
        const rows = telemetry.store.rows;
        return rows.indexOf(rows[index]?.parent);
    }

    function setOpen(index: int, open: bool): void {
        const node = telemetry.store.rows[index];
        if (!node || !Store.isBranch(node) || node.open === open)
            return;
        Store.setOpen(telemetry.store, node, open);
        telemetry.refresh();
    }

    function choose(name: string): void {
        Store.choose(telemetry.store, name);
        telemetry.refresh();
    }

    function clear(): void {
        const chosen = telemetry.store.chosen;
        telemetry.store = Store.create();
        telemetry.store.chosen = chosen;
        Store.setPattern(telemetry.store, telemetry.pattern);
        telemetry.refresh();
    }

    visible: false
    onPatternChanged: {
        Store.setPattern(telemetry.store, telemetry.pattern);
        telemetry.refresh();
    }
    onPausedChanged: telemetry.update()

    Connections {
        target: telemetry.queue
        function onMessageReceived(message) {
            telemetry.take(message);
        }
    }
    Timer {
        id: worker
        interval: 200
        onTriggered: telemetry.work()
    }
    Timer { // adds the lines that were too many for one turn
        id: filler
        interval: 10
        onTriggered: telemetry.refresh()
    }
    Timer { // the ages grow also when nothing comes
        interval: 1000
        repeat: true
        running: telemetry.keyCount > 0
        onTriggered: telemetry.update()
    }
}
