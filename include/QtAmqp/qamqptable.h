// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPTABLE_H
#define QAMQPTABLE_H

#include <QtAmqp/qtamqpglobal.h>
#include <QtCore/qbytearray.h>
#include <QtCore/qlist.h>
#include <QtCore/qvariant.h>

#include <initializer_list>
#include <utility>

QT_BEGIN_NAMESPACE

class QDateTime;
class QAmqpTable;

struct QAmqpDecimal
{
    quint8 scale = 0;
    qint32 value = 0;

    friend bool operator==(const QAmqpDecimal &a, const QAmqpDecimal &b)
    {
        return a.scale == b.scale && a.value == b.value;
    }
    friend bool operator!=(const QAmqpDecimal &a, const QAmqpDecimal &b) { return !(a == b); }
    Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpDecimal &decimal);
};

class Q_AMQP_EXPORT QAmqpValue
{
    Q_GADGET
public:
    Q_AMQP_VALUE(QAmqpValue, QAmqpValuePrivate)

    enum class Type : char {
        Invalid = 0,
        Boolean = 't',
        Int8 = 'b',
        UInt8 = 'B',
        Int16 = 's',
        UInt16 = 'u',
        Int32 = 'I',
        UInt32 = 'i',
        Int64 = 'l',
        Float = 'f',
        Double = 'd',
        Decimal = 'D',
        String = 'S',
        Bytes = 'x',
        Timestamp = 'T',
        Array = 'A',
        Table = 'F',
        Void = 'V',
    };
    Q_ENUM(Type)

    QAmqpValue(bool value);
    QAmqpValue(qint8 value);
    QAmqpValue(quint8 value);
    QAmqpValue(qint16 value);
    QAmqpValue(quint16 value);
    QAmqpValue(qint32 value);
    QAmqpValue(quint32 value);
    QAmqpValue(long value);
    QAmqpValue(unsigned long value);
    QAmqpValue(qint64 value);
    QAmqpValue(quint64 value);
    QAmqpValue(float value);
    QAmqpValue(double value);
    QAmqpValue(QAmqpDecimal value);
    QAmqpValue(const QString &value);
    QAmqpValue(const char *utf8);
    QAmqpValue(const QByteArray &bytes);
    QAmqpValue(const QDateTime &value);
    QAmqpValue(const QList<QAmqpValue> &array);
    QAmqpValue(const QAmqpTable &table);

    static QAmqpValue null();
    static QAmqpValue string(const QByteArray &utf8);
    static QAmqpValue timestamp(quint64 secondsSinceEpoch);
    static QAmqpValue fromVariant(const QVariant &variant);
    static QAmqpValue fromJson(QByteArrayView json);

    Type type() const;
    bool isValid() const;
    QString errorString() const;

    bool toBool() const;
    qint64 toInt(bool *ok = nullptr) const;
    double toDouble(bool *ok = nullptr) const;
    QAmqpDecimal toDecimal() const;
    QByteArray toBytes() const;
    QString toString() const;
    QDateTime toDateTime() const;
    quint64 toTimestamp() const;
    QList<QAmqpValue> toArray() const;
    QAmqpTable toTable() const;
    QVariant toVariant() const;
    QByteArray toJson() const;
};

class Q_AMQP_EXPORT QAmqpTable
{
    Q_GADGET
public:
    Q_AMQP_VALUE(QAmqpTable, QAmqpTablePrivate)

    using Entry = std::pair<QByteArray, QAmqpValue>;

    QAmqpTable(std::initializer_list<std::pair<QString, QAmqpValue>> entries);

    static QAmqpTable fromVariantMap(const QVariantMap &map);
    QVariantMap toVariantMap() const;
    static QAmqpTable fromJson(QByteArrayView json);
    QByteArray toJson() const;

    bool isEmpty() const;
    qsizetype size() const;
    const QList<Entry> &entries() const &;
    QList<Entry> entries() &&;
    bool contains(const QString &name) const;
    QAmqpValue value(const QString &name) const;
    void insert(const QString &name, const QAmqpValue &value);
    void append(const QByteArray &name, const QAmqpValue &value);
    qsizetype remove(const QString &name);
    QString errorString() const;
};

QT_END_NAMESPACE

Q_DECLARE_METATYPE(QAmqpDecimal)

#endif
