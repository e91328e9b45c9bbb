// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "outbox/outboxfile.h"

#include "outbox/outboxformat.h"
#include "values/errorkinds.h"

#include <QtCore/qfile.h>
#include <QtCore/qfileinfo.h>
#include <QtCore/quuid.h>
#include <QtCore/qvariant.h>
#include <QtSql/qsqldriver.h>
#include <QtSql/qsqlerror.h>

#ifdef Q_OS_UNIX
#  include <sys/stat.h>
#endif

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;

namespace QtAmqpPrivate {

using Kind = QAmqpError::Kind;
using Origin = QAmqpError::Origin;

constexpr auto Driver = "QSQLITE"_L1;

std::unique_ptr<OutboxFile> OutboxFile::open(const QString &fileName, QAmqpError &error)
{
    if (!QSqlDatabase::isDriverAvailable(Driver)) {
        error = operationError(
                Kind::DeviceFailed, Origin::Library,
                u"an outbox in a file needs Qt's driver for SQLite, which is missing (Debian: libqt6sql6-sqlite)");
        return {};
    }
    std::unique_ptr<OutboxFile> file(new OutboxFile(fileName));
    error = file->checkHeader();
    if (!error)
        error = file->begin();
    if (error)
        file.reset();
    return file;
}

OutboxFile::OutboxFile(const QString &fileName)
    : m_fileName(QFileInfo(fileName).absoluteFilePath())
    , m_connectionName(u"QtAmqp outbox "_s + QUuid::createUuid().toString(QUuid::WithoutBraces))
{
}

OutboxFile::~OutboxFile()
{
    rollBack();
    m_append.reset();
    m_remove.reset();
    m_read.reset();
    m_expired.reset();
    m_nextExpiry.reset();
    m_database.close();
    m_database = QSqlDatabase();
    QSqlDatabase::removeDatabase(m_connectionName);
}

QAmqpError OutboxFile::notOurs(QStringView why) const
{
    return invalidArgument(u"the file %1 cannot be used as an outbox, and was left as it is: %2",
                           m_fileName, why.toString());
}

QAmqpError OutboxFile::failure(const QSqlError &error) const
{
    const int code = error.nativeErrorCode().toInt() & 0xff; // without what SQLite adds to it
    const OutboxFormat::Failure what = OutboxFormat::failureOf(code);
    return operationError(what.kind, what.origin, u"the file %1 of the outbox %2 (SQLite: %3)",
                          m_fileName, QLatin1StringView(what.text), error.databaseText());
}

// Looks at the file without SQLite, which may change what it opens.
QAmqpError OutboxFile::checkHeader() const
{
    QFile file(m_fileName);
    if (!file.exists())
        return {};
    if (!file.open(QIODevice::ReadOnly))
        return operationError(Kind::DeviceFailed, Origin::Application,
                              u"the file %1 of the outbox cannot be read: %2", m_fileName,
                              file.errorString());
    const QString problem = OutboxFormat::headerProblem(file.read(OutboxFormat::HeaderSize));
    return problem.isEmpty() ? QAmqpError() : notOurs(problem);
}

OutboxFile::Identity OutboxFile::identity() const
{
#ifdef Q_OS_UNIX
    struct ::stat status = {};
    if (::stat(QFile::encodeName(m_fileName).constData(), &status) == 0)
        return {quint64(status.st_dev), quint64(status.st_ino)};
    return {};
#else
    return {0, QFile::exists(m_fileName)}; // the system does not let an open file be replaced
#endif
}

QAmqpError OutboxFile::begin()
{
    m_database = QSqlDatabase::addDatabase(Driver, m_connectionName);
    m_database.setDatabaseName(m_fileName);
    // A program that is just ending may have the file for a moment.
    m_database.setConnectOptions(u"QSQLITE_BUSY_TIMEOUT=250"_s);
    if (!m_database.open())
        return failure(m_database.lastError());
    for (const auto step : {&OutboxFile::prepareFile, &OutboxFile::checkTables,
                            &OutboxFile::readContents, &OutboxFile::prepareQueries}) {
        if (const QAmqpError error = (this->*step)())
            return error;
    }
    m_identity = identity();
    m_written = QFileInfo(m_fileName).size();
    return {};
}

QAmqpError OutboxFile::run(const QString &statement, QVariantList *first)
{
    QSqlQuery query(m_database);
    query.setForwardOnly(true);
    if (!query.exec(statement))
        return failure(query.lastError());
    if (!first || !query.next())
        return query.lastError().isValid() ? failure(query.lastError()) : QAmqpError();
    for (int i = 0; i < OutboxFormat::MostColumns && query.value(i).isValid(); ++i)
        first->append(query.value(i));
    return {};
}

QAmqpError OutboxFile::prepareFile()
{
    // The tables of a foreign hand cannot call anything, and what is damaged is noticed early. Deleted rows are not
    // overwritten, as Debian's SQLite does by itself, which would write each large body twice.
    for (const auto setting :
         {"locking_mode=EXCLUSIVE"_L1, "trusted_schema=OFF"_L1, "cell_size_check=ON"_L1,
          "secure_delete=OFF"_L1, "temp_store=MEMORY"_L1}) {
        if (const QAmqpError error = run(u"PRAGMA "_s + setting))
            return error;
    }
    QVariantList tables;
    if (const QAmqpError error = run(u"SELECT count(*) FROM sqlite_master"_s, &tables))
        return error;
    if (tables.value(0).toInt() == 0) {
        if (const QAmqpError error = create())
            return error;
    }
    QVariantList version;
    if (const QAmqpError error = run(u"PRAGMA user_version"_s, &version))
        return error;
    if (version.value(0).toInt() != OutboxFormat::Version)
        return notOurs(OutboxFormat::versionProblem(version.value(0).toInt()));
    for (const auto setting :
         {"journal_mode=WAL"_L1, "wal_autocheckpoint=4000"_L1, "cache_size=-8000"_L1,
          "journal_size_limit=33554432"_L1, "synchronous=NORMAL"_L1}) {
        if (const QAmqpError error = run(u"PRAGMA "_s + setting))
            return error;
    }
    // Takes the file for writing, which fails if that is not allowed.
    if (const QAmqpError error = run(u"BEGIN EXCLUSIVE"_s))
        return error;
    return run(u"COMMIT"_s);
}

// Before the log is switched on, so that the header says at once whose file this is.
QAmqpError OutboxFile::create()
{
    QStringList statements = {u"BEGIN EXCLUSIVE"_s,
                              u"PRAGMA application_id=%1"_s.arg(OutboxFormat::ApplicationId),
                              u"PRAGMA user_version=%1"_s.arg(OutboxFormat::Version)};
    statements += OutboxFormat::tables();
    statements += u"INSERT INTO meta VALUES('box', '%1')"_s.arg(newBoxId());
    statements += u"COMMIT"_s;
    for (const QString &statement : std::as_const(statements)) {
        if (const QAmqpError error = run(statement))
            return error; // closing the database undoes it
    }
    return {};
}

// Other tables, views or triggers than ours might do anything.
QAmqpError OutboxFile::checkTables()
{
    QSqlQuery query(m_database);
    query.setForwardOnly(true);
    if (!query.exec(u"SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
                    "ORDER BY rowid"_s))
        return failure(query.lastError());
    QStringList tables;
    while (query.next() && tables.size() <= OutboxFormat::tables().size())
        tables.append(query.value(0).toString());
    if (tables != OutboxFormat::tables())
        return notOurs(u"its tables are others than those of an outbox");
    return {};
}

// Reads all pages but those of large bodies, and so finds out whether the file is damaged.
QAmqpError OutboxFile::readContents()
{
    QVariantList totals;
    QVariantList box;
    QVariantList last;
    QAmqpError error =
            run(u"SELECT count(*), coalesce(sum(length(body) + length(properties) - 2), 0), "
                "coalesce(min(id), 1), coalesce(max(id), 0) FROM message"_s,
                &totals);
    if (!error)
        error = run(u"SELECT value FROM meta WHERE key = 'box'"_s, &box);
    if (!error)
        error = run(u"SELECT seq FROM sqlite_sequence WHERE name = 'message'"_s, &last);
    if (error)
        return error;
    m_contents.count = totals.value(0).toLongLong();
    m_contents.bytes = totals.value(1).toLongLong();
    m_contents.lastId = std::max(totals.value(3).toULongLong(), last.value(0).toULongLong());
    m_contents.boxId = box.value(0).toString();
    if (totals.value(2).toLongLong() < 1 || m_contents.lastId >= OutboxFormat::MostId
        || !OutboxFormat::isBoxId(m_contents.boxId))
        return notOurs(u"what it says about its messages is out of range");
    return {};
}

QAmqpError OutboxFile::prepareQueries()
{
    const auto prepare = [&](std::unique_ptr<QSqlQuery> &query, const QString &statement) {
        query = std::make_unique<QSqlQuery>(m_database);
        query->setForwardOnly(true);
        return query->prepare(statement) ? QAmqpError() : failure(query->lastError());
    };
    QAmqpError error = prepare(m_append, u"INSERT INTO message VALUES(?, ?, ?, ?, ?, ?, ?)"_s);
    if (!error)
        error = prepare(m_remove, u"DELETE FROM message WHERE id BETWEEN ? AND ?"_s);
    if (!error)
        error = prepare(m_read, u"SELECT * FROM message WHERE id > ? ORDER BY id LIMIT ?"_s);
    if (!error)
        error = prepare(m_expired,
                        u"SELECT id, length(body) + length(properties) - 2 FROM message "
                        "WHERE expires <= ? ORDER BY expires LIMIT ?"_s);
    if (!error)
        error = prepare(m_nextExpiry, u"SELECT min(expires) FROM message WHERE expires > ?"_s);
    return error;
}

QAmqpError OutboxFile::setSynchronous(bool synchronous)
{
    return run(synchronous ? u"PRAGMA synchronous=FULL"_s : u"PRAGMA synchronous=NORMAL"_s);
}

QAmqpError OutboxFile::synchronize()
{
    return run(u"PRAGMA wal_checkpoint(FULL)"_s); // which waits for the disk before it begins
}

QAmqpError OutboxFile::ensureTransaction()
{
    if (m_inTransaction)
        return {};
    if (const QAmqpError error = run(u"BEGIN IMMEDIATE"_s))
        return error;
    m_inTransaction = true;
    return {};
}

void OutboxFile::rollBack()
{
    if (std::exchange(m_inTransaction, false))
        run(u"ROLLBACK"_s); // fails if SQLite has done that by itself
}

// Binds an empty text as an empty one, and not as NULL.
static QByteArray present(const QByteArray &bytes)
{
    return bytes.isNull() ? QByteArray("") : bytes;
}

QAmqpError OutboxFile::append(const OutboxEntry &entry)
{
    if (entry.id >= OutboxFormat::MostId)
        return operationError(Kind::LimitExceeded, Origin::Library,
                              u"the outbox has used all ids; begin with a new file");
    if (const QAmqpError error = ensureTransaction())
        return error;
    const OutboxRow row = rowOf(entry);
    m_append->bindValue(0, qint64(row.id));
    m_append->bindValue(1, present(row.exchange));
    m_append->bindValue(2, present(row.routingKey));
    m_append->bindValue(3, row.flags);
    m_append->bindValue(4, row.expires ? QVariant(row.expires) : QVariant());
    m_append->bindValue(5, present(row.properties));
    m_append->bindValue(6, present(row.body));
    m_written += row.body.size();
    if (m_append->exec())
        return {};
    const QAmqpError error = failure(m_append->lastError());
    rollBack();
    return error;
}

QAmqpError OutboxFile::remove(quint64 firstId, quint64 lastId)
{
    if (const QAmqpError error = ensureTransaction())
        return error;
    m_remove->bindValue(0, qint64(firstId));
    m_remove->bindValue(1, qint64(lastId));
    if (m_remove->exec())
        return {};
    const QAmqpError error = failure(m_remove->lastError());
    rollBack();
    return error;
}

// What is written to a file that has no name any more would be lost with the program.
QAmqpError OutboxFile::commit()
{
    if (!m_inTransaction)
        return {};
    if (!(identity() == m_identity)) {
        rollBack();
        return operationError(
                Kind::DeviceFailed, Origin::Application,
                u"the file %1 of the outbox was deleted, moved or replaced while it is open; what was accepted "
                "before is still sent, and lost when the program ends",
                m_fileName);
    }
    const QAmqpError error = run(u"COMMIT"_s);
    if (error)
        rollBack();
    m_inTransaction = false;
    return error;
}

QAmqpError OutboxFile::read(quint64 afterId, qsizetype count, qint64 bytes,
                            std::vector<OutboxEntry> &entries)
{
    m_read->bindValue(0, qint64(std::min(afterId, OutboxFormat::MostId)));
    m_read->bindValue(1, qint64(count));
    if (!m_read->exec())
        return failure(m_read->lastError());
    while (bytes >= 0 && m_read->next()) {
        const OutboxRow row{.id = m_read->value(0).toULongLong(),
                            .exchange = m_read->value(1).toByteArray(),
                            .routingKey = m_read->value(2).toByteArray(),
                            .flags = m_read->value(3).toLongLong(),
                            .expires = m_read->value(4).toLongLong(),
                            .properties = m_read->value(5).toByteArray(),
                            .body = m_read->value(6).toByteArray()};
        entries.push_back(entryOf(row));
        bytes -= entries.back().size();
    }
    const QSqlError error = m_read->lastError();
    m_read->finish();
    return error.isValid() ? failure(error) : QAmqpError();
}

std::vector<OutboxStore::Expired> OutboxFile::expired(qint64 now, qsizetype most)
{
    std::vector<Expired> all;
    m_expired->bindValue(0, now);
    m_expired->bindValue(1, qint64(most));
    if (m_expired->exec()) {
        while (m_expired->next())
            all.push_back({m_expired->value(0).toULongLong(), m_expired->value(1).toLongLong()});
    }
    m_expired->finish();
    return all;
}

qint64 OutboxFile::nextExpiry(qint64 now)
{
    m_nextExpiry->bindValue(0, now);
    const bool found = m_nextExpiry->exec() && m_nextExpiry->next();
    const qint64 next = found ? m_nextExpiry->value(0).toLongLong() : 0;
    m_nextExpiry->finish();
    return next;
}

// SQLite uses the room of deleted rows again, but gives nothing back by itself.
void OutboxFile::emptied()
{
    constexpr qint64 worthwhile = 16 * 1024 * 1024;
    if (m_written < worthwhile || m_inTransaction)
        return;
    m_written = 0;
    if (!run(u"VACUUM"_s)) // if that fails, the file stays large
        run(u"PRAGMA wal_checkpoint(TRUNCATE)"_s);
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
