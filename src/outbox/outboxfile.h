// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_OUTBOX_OUTBOXFILE_H
#define QTAMQP_OUTBOX_OUTBOXFILE_H

// The messages of an outbox in a file of SQLite, which this object has for itself as long as it lives.
//
// A file that is not ours is not touched: that is seen in its header before SQLite opens it. What a row contains is
// checked by entryOf(), since anybody may have written it.

#include "api/outboxstore.h"

#include <QtCore/qstring.h>
#include <QtSql/qsqldatabase.h>
#include <QtSql/qsqlquery.h>

#include <memory>

QT_BEGIN_NAMESPACE

class QSqlError;

namespace QtAmqpPrivate {

class OutboxFile final : public OutboxStore
{
public:
    // Returns null, and sets `error`, if the file cannot be used.
    static std::unique_ptr<OutboxFile> open(const QString &fileName, QAmqpError &error);
    ~OutboxFile() override;

    QString fileName() const { return m_fileName; }
    // Whether each commit waits until the disk has it, and not only the operating system.
    QAmqpError setSynchronous(bool synchronous);
    // Waits until the disk has what was committed.
    QAmqpError synchronize();

    Contents contents() const override { return m_contents; }
    QAmqpError append(const OutboxEntry &entry) override;
    QAmqpError remove(quint64 firstId, quint64 lastId) override;
    QAmqpError commit() override;
    QAmqpError read(quint64 afterId, qsizetype count, qint64 bytes,
                    std::vector<OutboxEntry> &entries) override;
    std::vector<Expired> expired(qint64 now, qsizetype most) override;
    qint64 nextExpiry(qint64 now) override;
    void emptied() override;

private:
    struct Identity // of a file, whatever its name is
    {
        quint64 device = 0;
        quint64 number = 0;

        bool operator==(const Identity &) const = default;
    };

    explicit OutboxFile(const QString &fileName);
    QAmqpError checkHeader() const;
    QAmqpError begin();
    QAmqpError prepareFile();
    QAmqpError create();
    QAmqpError checkTables();
    QAmqpError readContents();
    QAmqpError prepareQueries();
    Identity identity() const;
    QAmqpError ensureTransaction();
    void rollBack();
    // Runs a statement, and returns the first row in `first`, if there is any.
    QAmqpError run(const QString &statement, QVariantList *first = nullptr);
    QAmqpError failure(const QSqlError &error) const;
    QAmqpError notOurs(QStringView why) const;

    const QString m_fileName;
    const QString m_connectionName;
    QSqlDatabase m_database;
    Contents m_contents;
    Identity m_identity;
    bool m_inTransaction = false;
    qint64 m_written = 0; // bytes of bodies since the file was made small
    std::unique_ptr<QSqlQuery> m_append;
    std::unique_ptr<QSqlQuery> m_remove;
    std::unique_ptr<QSqlQuery> m_read;
    std::unique_ptr<QSqlQuery> m_expired;
    std::unique_ptr<QSqlQuery> m_nextExpiry;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
