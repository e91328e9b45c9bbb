// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_TABLEFORMAT_H
#define QTAMQP_VALUES_TABLEFORMAT_H

// The wire form of field tables (AMQP 0-9-1 §4.2.5.5, with the type tags RabbitMQ really uses).
//
// Decoding a peer's table is bounded three ways: nesting (32), elements (65,536: a void in an
// array takes no room of its own, so bytes alone are no bound) and the bytes of the table.
// Whoever walks a decoded table (comparing, printing, converting it) recurses no deeper than that.

#include "values/bytes.h"

#include <QtAmqp/qamqptable.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

constexpr int MaxTableDepth = 32;
constexpr int MaxTableElements = 65536;

// The entries of a table, without the four bytes of its length.
QByteArray encodeTable(const QAmqpTable &table);
// An empty table if this one is malformed or beyond the bounds; checkTable() tells why.
QAmqpTable decodeTable(QByteArrayView entries);

// Walks the table without building it; what passes here, decodeTable() decodes whole.
void checkTable(QByteArrayView entries, Reader &failTo);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
