// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_EVERYMESSAGE_H
#define QTAMQP_TESTS_EVERYMESSAGE_H

// Messages that together have all that a message can have, for what must lose nothing of them.

#include <QtAmqp/qamqpmessage.h>

#include <limits>

// A value of each type, and names of each kind.
inline QAmqpTable everyType()
{
    QAmqpTable nested;
    nested.append("ü",
                  QAmqpValue(QList<QAmqpValue>{QAmqpValue(1), QAmqpValue(QStringLiteral("x"))}));
    nested.append("\xff", QAmqpValue(true));
    nested.append("type", QAmqpValue(QStringLiteral("int8")));
    nested.append("value", QAmqpValue(5));
    QAmqpTable table;
    table.append("z", QAmqpValue(qint8(-128)));
    table.append("a", QAmqpValue(quint8(255)));
    table.append("i16", QAmqpValue(qint16(-32768)));
    table.append("u16", QAmqpValue(quint16(65535)));
    table.append("i32", QAmqpValue(std::numeric_limits<qint32>::min()));
    table.append("u32", QAmqpValue(std::numeric_limits<quint32>::max()));
    table.append("i64", QAmqpValue(std::numeric_limits<qint64>::min()));
    table.append("float", QAmqpValue(0.1F));
    table.append("least float", QAmqpValue(std::numeric_limits<float>::denorm_min()));
    table.append("double", QAmqpValue(1.0 / 3));
    table.append("-0", QAmqpValue(-0.0));
    table.append("1e300", QAmqpValue(1e300));
    table.append("decimal", QAmqpValue(QAmqpDecimal{2, -5}));
    table.append("whole decimal", QAmqpValue(QAmqpDecimal{0, std::numeric_limits<qint32>::min()}));
    table.append("string", QAmqpValue(QStringLiteral("ü\n\"\\\u2028")));
    table.append("no text", QAmqpValue::string("\xff\xfe"));
    table.append("bytes", QAmqpValue(QByteArray("\0\xff", 2)));
    table.append("no bytes", QAmqpValue(QByteArray()));
    table.append("time", QAmqpValue::timestamp(1700000000));
    table.append("late", QAmqpValue::timestamp(std::numeric_limits<quint64>::max()));
    table.append("void", QAmqpValue::null());
    table.append(
            "array",
            QAmqpValue(QList<QAmqpValue>{QAmqpValue(QList<QAmqpValue>()), QAmqpValue(QAmqpTable()),
                                         QAmqpValue::null(), QAmqpValue(2.0)}));
    table.append("table", QAmqpValue(nested));
    table.append("\x80", QAmqpValue(1));
    table.append("twice", QAmqpValue(1));
    table.append("twice", QAmqpValue(2));
    table.append("", QAmqpValue(3));
    return table;
}

// Each property, set, empty and absent.
inline QList<QAmqpMessage> everyMessage()
{
    QAmqpMessage full("body ü \xEF\xBB\xBF");
    full.setContentType(QStringLiteral("text/plain"));
    full.setContentEncoding(QStringLiteral(""));
    full.setHeaders(everyType());
    full.setDeliveryMode(QAmqpMessage::DeliveryMode::Persistent);
    full.setPriority(255);
    full.setCorrelationId(QStringLiteral("c") + QChar(0xDCFF) + QChar(0xDC80));
    full.setReplyTo(QStringLiteral("ü"));
    full.setExpiration(QStringLiteral("3600000"));
    full.setMessageId(QString(255, u'm'));
    full.setTimestamp(QDateTime::fromSecsSinceEpoch(253402300800, Qt::UTC)); // year 10000
    full.setType(QStringLiteral("\"{}\\\u0001"));
    full.setUserId(QStringLiteral("guest"));
    full.setAppId(QString(QChar(0xFEFF)) + QStringLiteral("app"));
    full.setClusterId(QStringLiteral("d"));
    QAmqpMessage plainHeaders(QByteArray("\0\xff\n", 3));
    plainHeaders.setHeaders({{QStringLiteral("b"), 1}, {QStringLiteral("a"), QStringLiteral("x")}});
    QAmqpMessage noHeaders(QByteArray(100'000, '\xaa'));
    noHeaders.setHeaders(QAmqpTable());
    noHeaders.setDeliveryMode(QAmqpMessage::DeliveryMode::Transient);
    noHeaders.setPriority(0);
    noHeaders.setTimestamp(QDateTime::fromSecsSinceEpoch(0));
    return {full, plainHeaders, noHeaders, QAmqpMessage()};
}

#endif
