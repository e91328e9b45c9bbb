// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_TABLEFORMAT_H
#define QTAMQP_VALUES_TABLEFORMAT_H

// Field tables as they are on the wire (AMQP 0-9-1 §4.2.5.5, with the type tags that RabbitMQ really uses).
//
// A table of a peer has three limits: its size in bytes, 32 levels of nesting, and 65,536 elements. The
// number of elements is limited because an element of an array can be a single byte on the wire, and takes
// many more in memory. The nesting also limits how deep functions recurse that compare, print or convert a
// table.

#include "values/bytes.h"
#include "values/privateexport.h"

#include <QtAmqp/qamqptable.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

constexpr int MaxTableDepth = 32;
constexpr int MaxTableElements = 65536;
// Why a table is refused that another program could read.
constexpr char TooDeep[] = "nests tables more than 32 deep";
constexpr char TooManyElements[] = "has more than 65536 table elements";

// Returns the entries of a table, without the four bytes of its length.
Q_AMQP_PRIVATE_EXPORT QByteArray encodeTable(const QAmqpTable &table);
// Returns an empty table if the entries are malformed or beyond the limits. checkTable() finds the reason.
Q_AMQP_PRIVATE_EXPORT QAmqpTable decodeTable(QByteArrayView entries);

// Checks a table without building it. `failTo` fails if decodeTable() cannot decode the table.
Q_AMQP_PRIVATE_EXPORT void checkTable(QByteArrayView entries, Reader &failTo);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
