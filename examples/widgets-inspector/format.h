#ifndef INSPECTOR_FORMAT_H
#define INSPECTOR_FORMAT_H

#include <QtAmqp/QAmqpTable>

// How octets and values of AMQP look to a person.

QString hexDump(const QByteArray &octets);
QString jsonProblem(const QByteArray &octets); // null if it is JSON
// Indented, but for that as it is; null if it is neither an object nor an array.
QString prettyJson(const QByteArray &octets);
// Of what is cut off at `most` octets a character may be cut as well.
bool isText(const QByteArray &octets, qsizetype most = -1);
QString preview(const QByteArray &octets); // one short line
QString sizeText(qsizetype octets);
QString valueText(const QAmqpValue &value);
QString typeText(const QAmqpValue &value);

#endif
