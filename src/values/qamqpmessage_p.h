// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_QAMQPMESSAGE_P_H
#define QTAMQP_VALUES_QAMQPMESSAGE_P_H

#include "values/bytes.h"
#include "values/sharedvalue.h"

#include <QtAmqp/qamqpmessage.h>

#include <QtCore/qmap.h>

#include <span>

QT_BEGIN_NAMESPACE

// The properties are kept as they are in a content header: the word of flags, and the list of properties
// behind it. So publishing copies the list, receiving keeps a slice of the frame, and a property is decoded
// only when it is asked for.
//
// Received properties are kept as they came even if they cannot be read, so that they can be forwarded byte
// for byte. If the list itself is malformed, no property can be found in it. If only the table of headers
// cannot be read, only the headers are missing.
class QAmqpMessagePrivate : public QtAmqpPrivate::SharedValue
{
public:
    // The keys of refusals that do not concern a property: the body was too large to be kept, or the JSON
    // that the message was to be made from cannot be read.
    static constexpr quint32 Body = 0x0001;
    static constexpr quint32 Json = 0x10000;

    QByteArray body;
    QByteArray properties;
    QtAmqpPrivate::MadeOnce<QAmqpTable> headers; // decoded
    // Why the message cannot be sent, by the bit of each property at fault. errorString() returns the last.
    QMap<quint32, QString> refusals;
    quint16 flags = 0;
    bool isMalformed = false; // the property list was received and cannot be read

    bool operator==(const QAmqpMessagePrivate &) const = default;

    static const QAmqpMessagePrivate &of(const QAmqpMessage &message)
    {
        return QtAmqpPrivate::peek(message.d);
    }
    static QAmqpMessagePrivate &editable(QAmqpMessage &message)
    {
        return QtAmqpPrivate::edit(message.d);
    }
    // The properties count too, since a peer may have made them larger than the body.
    static qsizetype size(const QAmqpMessage &message)
    {
        const QAmqpMessagePrivate &d = of(message);
        return d.body.size() + d.properties.size();
    }
    static QAmqpMessage make(QByteArray body, quint16 flags, QByteArray properties);
    // Makes `message` another one, whose body is to be filled and will have this size. It takes the memory that
    // the message has, as far as nobody else holds that and the body needs it. Equal properties stay decoded.
    static void makeAgain(QAmqpMessage &message, quint16 flags, QByteArrayView properties,
                          quint64 bodySize);
    static void swap(QAmqpMessage &a, QAmqpMessage &b) { a.d.swap(b.d); }
    // Whether the memory is worth keeping for a later message. Drops a large body.
    static bool keepMemory(QAmqpMessage &message);
    // Makes the message for JSON that cannot be read because of `error`.
    static QAmqpMessage makeUnread(const QString &error);

    quint16 present() const { return isMalformed ? 0 : flags; }
    // Returns the bytes of the property in the list. If it is absent they are empty, at the place for it.
    QByteArrayView wire(QAmqpMessage::Property property) const;
    void set(QAmqpMessage::Property property, const QByteArray &wire);
    // Makes the property absent and the message one that cannot be sent. The error text is the name of the
    // property, followed by `why`.
    void refuse(QAmqpMessage::Property property, const QString &why);
    void dropBody();

    quint8 byte(QAmqpMessage::Property property) const;
    QString text(QAmqpMessage::Property property) const;
    void setBytes(QAmqpMessage::Property property, const QByteArray &text);
};

namespace QtAmqpPrivate {

enum class PropertyShape : quint8 { Text, Table, Byte, Timestamp };

struct PropertyRow
{
    QAmqpMessage::Property property;
    PropertyShape shape;
    const char *name;
};

// The rows are in the order of the wire: a content header has the properties that are present from the
// highest bit down.
std::span<const PropertyRow> propertyRows();

// Checks the list of properties of a content header without decoding it (AMQP 0-9-1 §4.2.6.1). The content of
// the table of headers is not checked.
void checkPropertyList(quint16 flags, Reader &list);
// Checks the list and the content of the table of headers.
void checkProperties(quint16 flags, Reader &list);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
