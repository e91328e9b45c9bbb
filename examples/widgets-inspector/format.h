#ifndef INSPECTOR_FORMAT_H
#define INSPECTOR_FORMAT_H

#include <QtCore/QString>
#include <QtGui/QFont>

// How octets look to a person.

QString hexDump(const QByteArray &octets);
QString jsonProblem(const QByteArray &octets); // null if it is JSON
// Indented, but for that as it is; null if it is neither an object nor an array.
QString prettyJson(const QByteArray &octets);
// Of what is cut off at `most` octets a character may be cut as well.
bool isText(const QByteArray &octets, qsizetype most = -1);
QString preview(const QByteArray &octets); // one short line
// The system's font for code, as large as the font of what it stands beside.
QFont fixedFont(const QFont &beside);
QString sizeText(qsizetype octets);

#endif
