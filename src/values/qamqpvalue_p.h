#ifndef QTAMQP_VALUES_QAMQPVALUE_P_H
#define QTAMQP_VALUES_QAMQPVALUE_P_H

#include <QtAmqp/qamqptable.h>

#include <variant>

QT_BEGIN_NAMESPACE

// Numbers of every kind are kept as the bits of their wire form, so that what was decoded is
// encoded again octet for octet, also a signalling NaN or a timestamp far outside QDateTime.
class QAmqpValuePrivate : public QSharedData
{
public:
    using Payload = std::variant<std::monostate, qint64, QByteArray, QList<QAmqpValue>, QAmqpTable>;

    QAmqpValue::Type type = QAmqpValue::Type::Invalid;
    quint8 scale = 0;
    Payload payload;
    QString error;

    static QAmqpValue make(QAmqpValue::Type type, Payload payload, quint8 scale = 0);
    static QAmqpValue invalid(const QString &error);
    static const QAmqpValuePrivate *of(const QAmqpValue &value) { return value.d.constData(); }
    static qint64 bits(const QAmqpValue &value);
};

QT_END_NAMESPACE

#endif
