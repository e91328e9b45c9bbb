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

// The properties are kept as they stand in a content header: the flags word and the property list
// behind it. Publishing copies the list, receiving keeps a slice of the frame, and only who asks
// for a property pays for decoding it.
//
// What was received is kept as it came even if nobody can make sense of it, so that it can be sent on
// byte for byte. Of a list that is malformed itself no property can be found, of a table of headers
// that cannot be read only the headers are missing.
class QAmqpMessagePrivate : public QtAmqpPrivate::SharedValue
{
public:
    // What stands among the refusals beside the properties.
    static constexpr quint32 Body = 0x0001; // it was too large to be kept
    static constexpr quint32 Json = 0x10000; // the message was to be made of it

    QByteArray body;
    QByteArray properties;
    QtAmqpPrivate::MadeOnce<QAmqpTable> headers; // decoded
    QMap<quint32, QString>
            refusals; // why the message cannot be sent; the first property's is the last
    quint16 flags = 0;
    bool isMalformed = false; // the property list, as it was received

    bool operator==(const QAmqpMessagePrivate &) const = default;

    static const QAmqpMessagePrivate &of(const QAmqpMessage &message)
    {
        return QtAmqpPrivate::peek(message.d);
    }
    static QAmqpMessagePrivate &editable(QAmqpMessage &message)
    {
        return QtAmqpPrivate::edit(message.d);
    }
    // What the peer made it: the properties may be larger than the body.
    static qsizetype size(const QAmqpMessage &message)
    {
        const QAmqpMessagePrivate &d = of(message);
        return d.body.size() + d.properties.size();
    }
    static QAmqpMessage make(QByteArray body, quint16 flags, QByteArray properties);
    // What is left of a message whose body was not kept.
    static QAmqpMessage makeBodiless(quint16 flags, QByteArray properties);
    // One that was to be read from JSON, which was wrong.
    static QAmqpMessage makeUnread(const QString &error);

    quint16 present() const { return isMalformed ? 0 : flags; }
    // What stands in the list for the property, or where it would stand if it is absent.
    QByteArrayView wire(QAmqpMessage::Property property) const;
    void set(QAmqpMessage::Property property, const QByteArray &wire);
    // Leaves the property absent. The error is its name and `why`.
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

// In wire order: the list of a content header holds the present ones from the highest bit down.
std::span<const PropertyRow> propertyRows();

// Judges the property list of a content header without decoding it (AMQP 0-9-1 §4.2.6.1), but not what
// is in the table of headers.
void checkPropertyList(quint16 flags, Reader &list);
// That too.
void checkProperties(quint16 flags, Reader &list);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
