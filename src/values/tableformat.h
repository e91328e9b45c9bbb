// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_TABLEFORMAT_H
#define QTAMQP_VALUES_TABLEFORMAT_H

// Field tables as they are on the wire (AMQP 0-9-1 §4.2.5.5, with the type tags that RabbitMQ really uses).
//
// The table of a peer has three limits: its bytes, 32 levels of nesting, and 65,536 elements. The elements need a
// limit because the elements of an array may take a single byte each and many more in memory. Functions that
// compare, print or convert a decoded table recurse no deeper than that.

#include "values/bytes.h"

#include <QtAmqp/qamqptable.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

constexpr int MaxTableDepth = 32;
constexpr int MaxTableElements = 65536;

// Returns the entries of a table, without the four bytes of its length.
QByteArray encodeTable(const QAmqpTable &table);
// Returns an empty table if the entries are malformed or beyond the limits. checkTable() tells why.
QAmqpTable decodeTable(QByteArrayView entries);

// Checks a table without building it. What passes here is decoded by decodeTable().
void checkTable(QByteArrayView entries, Reader &failTo);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
