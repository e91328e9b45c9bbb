#ifndef QTAMQP_VALUES_QAMQPMESSAGE_P_H
#define QTAMQP_VALUES_QAMQPMESSAGE_P_H

#include "values/bytes.h"
#include "values/sharedvalue.h"

#include <QtAmqp/qamqpmessage.h>

QT_BEGIN_NAMESPACE

// The properties are kept as they stand in a content header: the flags word and the property list
// behind it. Publishing copies the list, receiving keeps a slice of the frame, and only who asks
// for a property pays for decoding it.
class QAmqpMessagePrivate : public QtAmqpPrivate::SharedValue
{
public:
    QByteArray body;
    QByteArray properties;
    QString headersError;
    quint16 flags = 0;
    quint16 refused = 0; // properties that were set to something AMQP cannot carry

    bool operator==(const QAmqpMessagePrivate &) const = default;

    static const QAmqpMessagePrivate &of(const QAmqpMessage &message)
    {
        return QtAmqpPrivate::peek(message.d);
    }
    static QAmqpMessage make(QByteArray body, quint16 flags, QByteArray properties);

    // What stands in the list for the property, or where it would stand if it is absent.
    QByteArrayView wire(QAmqpMessage::Property property) const;
    void set(QAmqpMessage::Property property, const QByteArray &wire);
    void refuse(QAmqpMessage::Property property);

    quint8 octet(QAmqpMessage::Property property) const;
    QString text(QAmqpMessage::Property property) const;
    void setText(QAmqpMessage::Property property, const QString &value);
};

namespace QtAmqpPrivate {

// Judges the property list of a content header without decoding it (AMQP 0-9-1 §4.2.6.1).
void checkProperties(quint16 flags, Reader &list);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
