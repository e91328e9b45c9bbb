// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_OUTBOX_OUTBOXFORMAT_H
#define QTAMQP_OUTBOX_OUTBOXFORMAT_H

// How the file of an outbox looks: a database of SQLite (https://www.sqlite.org/fileformat2.html) with an application
// id of its own. A program that knows no newer version than its own leaves newer files alone.

#include <QtAmqp/qamqperror.h>
#include <QtCore/qendian.h>
#include <QtCore/qstringlist.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::OutboxFormat {

constexpr qint32 ApplicationId = 0x51414d51; // "QAMQ"
constexpr int Version = 1;
constexpr quint64 MostId = quint64(1) << 62;
constexpr int MostColumns = 4; // of what is not a message
constexpr qsizetype HeaderSize = 100;

// Ids are not used again, even if the outbox is empty and the program starts anew: consumers would take a new message
// for one that they have got already.
inline QStringList tables()
{
    return {QStringLiteral("CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT "
                           "ROWID"),
            QStringLiteral("CREATE TABLE message(id INTEGER PRIMARY KEY AUTOINCREMENT, exchange "
                           "BLOB NOT NULL, key BLOB NOT NULL, flags INTEGER NOT NULL, expires "
                           "INTEGER, properties BLOB NOT NULL, body BLOB NOT NULL)"),
            QStringLiteral("CREATE INDEX expiry ON message(expires) WHERE expires IS NOT NULL")};
}

inline QString versionProblem(int version)
{
    return QStringLiteral("its format has version %1, and this program knows version %2")
            .arg(version)
            .arg(Version);
}

// Returns why a file that begins with these bytes is no outbox, or an empty text. An empty file may become one.
inline QString headerProblem(const QByteArray &header)
{
    if (header.isEmpty())
        return {};
    if (header.size() < HeaderSize || !header.startsWith(QByteArrayView("SQLite format 3\0", 16)))
        return QStringLiteral("it is not a database of SQLite");
    const auto number = [&](qsizetype at) {
        return qFromBigEndian<qint32>(header.constData() + at);
    };
    if (number(68) != ApplicationId)
        return QStringLiteral("it is a database of another application");
    const int version = number(60);
    return version == Version ? QString() : versionProblem(version);
}

inline bool isBoxId(const QString &id)
{
    return id.size() == 16 && std::all_of(id.cbegin(), id.cend(), [](QChar c) {
               return (c >= u'0' && c <= u'9') || (c >= u'a' && c <= u'f');
           });
}

struct Failure
{
    QAmqpError::Kind kind;
    QAmqpError::Origin origin;
    const char *text; // behind the name of the file
};

// What SQLite's result codes mean here (https://www.sqlite.org/rescode.html).
inline Failure failureOf(int code)
{
    using Kind = QAmqpError::Kind;
    using Origin = QAmqpError::Origin;
    switch (code) {
    case 5: // SQLITE_BUSY
    case 6: // SQLITE_LOCKED
        return {Kind::ResourceLocked, Origin::Application,
                "is in use by another outbox, of this program or of another one"};
    case 8: // SQLITE_READONLY
    case 3: // SQLITE_PERM
    case 23: // SQLITE_AUTH
        return {Kind::DeviceFailed, Origin::Application,
                "or its folder must not be written by this program"};
    case 14: // SQLITE_CANTOPEN
        return {Kind::DeviceFailed, Origin::Application,
                "cannot be opened; its folder must exist and be writable"};
    case 13: // SQLITE_FULL
        return {Kind::DeviceFailed, Origin::Application, "cannot be written: the disk is full"};
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
        return {Kind::DeviceFailed, Origin::Application, "is damaged"};
    default: return {Kind::DeviceFailed, Origin::Application, "cannot be read or written"};
    }
}

} // namespace QtAmqpPrivate::OutboxFormat

QT_END_NAMESPACE

#endif
