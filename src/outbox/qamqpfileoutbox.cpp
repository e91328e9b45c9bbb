// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqpOutbox/qamqpfileoutbox.h>

#include "api/qamqpoutbox_p.h"
#include "outbox/outboxfile.h"
#include "values/errorkinds.h"

#include <QtCore/qdebug.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;

/*!
    \class QAmqpFileOutbox
    \inmodule QtAmqp
    \inheaderfile QtAmqpOutbox/QAmqpFileOutbox
    \brief An outbox in a file: what it accepted is delivered, even if the program is killed in between.

    It is used like QAmqpOutbox, after open() has named its file:

    \snippet outbox.cpp file outbox

    The class is in a library of its own, QtAmqpOutbox, since it needs QtSql with its driver for SQLite (Debian:
    libqt6sql6-sqlite): \c{find_package(QtAmqp COMPONENTS Outbox)} and \c{QtAmqp::Outbox}.

    Everything that is published in one turn of the event loop is written together at its end, with what the broker has
    confirmed since the last one. When that is done, the messages are accepted, and only then they leave to the broker.
    Until then the program may be killed as if they had never been published; flush() does not wait for the end of the
    turn. A message that was accepted is in the file until the broker has confirmed it: when the program is started
    again, it is published again, with the same message-id. So a message may arrive twice, but none is missing. The
    order is that of the ids.

    What the file survives, durability() says: the end of the program, however sudden (Process), or also that of the
    computer (Power), for which each turn waits for the disk.

    One outbox has the file for itself, and a second one cannot open it, in whatever program. Besides the file there is
    one with \c{-wal} behind its name while the outbox is open, and after a crash; the two belong together. The file
    does not become smaller before the outbox is empty. It is a database of SQLite, which other programs can read
    while no outbox has it open.

    A full disk, or a file that cannot be written for another reason, does not end the outbox: publish() refuses
    messages, what was accepted before is still sent, and all is well again when there is room. If the
    file is deleted, moved or replaced while it is open, the next write notices it, and publish() refuses messages too;
    what was accepted before is still sent, but is lost if the program ends before.

    An open outbox cannot be moved to another thread.

    This is a whole program. It publishes what it is told, and what it could not publish when it ran before:

    \snippet outbox/main.cpp outbox

    \sa QAmqpOutbox, {https://www.sqlite.org/wal.html}
*/
/*!
    \enum QAmqpFileOutbox::Durability
    \value Process  Messages that were accepted survive the program: they are with the operating system.
    \value Power    They also survive that the power fails or the operating system crashes: they are on the disk.
*/
/*! \fn void QAmqpFileOutbox::openChanged(bool open)
    The file was opened (\a open) or closed. */

class QAmqpFileOutboxPrivate : public QAmqpOutboxPrivate
{
public:
    QAmqpFileOutboxPrivate() { settings.maximumCount = settings.maximumBytes = 0; }
    static QAmqpFileOutboxPrivate *of(const QAmqpFileOutbox *outbox)
    {
        return static_cast<QAmqpFileOutboxPrivate *>(QAmqpOutboxPrivate::of(outbox));
    }
    OutboxFile *file() const { return static_cast<OutboxFile *>(store()); }

    QAmqpFileOutbox::Durability durability = QAmqpFileOutbox::Durability::Process;
};

/*! Makes an outbox, a child of \a parent, that publishes through \a connection and takes messages once it is open. The
    connection need not be open, and may be null; it does not own the outbox. */
QAmqpFileOutbox::QAmqpFileOutbox(QAmqpConnection *connection, QObject *parent)
    : QAmqpOutbox(new QAmqpFileOutboxPrivate, connection, parent)
{
}

/*! Closes the file as close() does, but in silence. */
QAmqpFileOutbox::~QAmqpFileOutbox() { QAmqpFileOutboxPrivate::of(this)->end(); }

/*!
    Opens the file \a fileName, makes it if it does not exist, and begins to publish what is in it. Returns \c false and
    sets lastError() if that cannot be done: ResourceLocked, if another outbox has it open; InvalidArgument,
    if it is no file of an outbox, or one of another version, which is left as it is, or if this outbox is open already;
    and DeviceFailed, if it cannot be read or written, is damaged, or Qt's driver for SQLite is missing.

    It reads through the file to count its messages, which takes a few seconds for a gigabyte of small ones.
*/
bool QAmqpFileOutbox::open(const QString &fileName)
{
    auto *const d = QAmqpFileOutboxPrivate::of(this);
    if (d->isForeign("open"))
        return false;
    QAmqpError error;
    std::unique_ptr<OutboxFile> file;
    if (isOpen())
        error = invalidArgument(u"open(): the outbox has a file already; close() it before");
    else if (fileName.isEmpty())
        error = invalidArgument(u"open(): a name of a file is needed");
    else
        file = OutboxFile::open(fileName, error);
    if (!error)
        error = file->setSynchronous(d->durability == Durability::Power);
    if (error) {
        d->setLastError(error);
        return false;
    }
    d->begin(std::move(file));
    Q_EMIT openChanged(true);
    return true;
}

/*! Closes the file. What is in it stays there. Messages that are on their way are not waited for, and are published
    again when the file is opened the next time; unconfirmed() says whether there are any. */
void QAmqpFileOutbox::close()
{
    auto *const d = QAmqpFileOutboxPrivate::of(this);
    if (d->isForeign("close") || !isOpen())
        return;
    if (const QAmqpError error = d->end())
        d->setLastError(error);
    Q_EMIT openChanged(false);
}

/*! \property QAmqpFileOutbox::open
    Whether a file is open. */
bool QAmqpFileOutbox::isOpen() const { return QAmqpFileOutboxPrivate::of(this)->store(); }

/*! \property QAmqpFileOutbox::fileName
    The absolute name of the file that is open, empty if there is none. */
QString QAmqpFileOutbox::fileName() const
{
    return isOpen() ? QAmqpFileOutboxPrivate::of(this)->file()->fileName() : QString();
}

/*! Returns what messages that were accepted survive, Process by default. */
QAmqpFileOutbox::Durability QAmqpFileOutbox::durability() const
{
    return QAmqpFileOutboxPrivate::of(this)->durability;
}

/*! Makes messages that are accepted from now on survive what \a durability says. Returns \c false and sets lastError()
    if the file is open and does not allow it. */
bool QAmqpFileOutbox::setDurability(Durability durability)
{
    auto *const d = QAmqpFileOutboxPrivate::of(this);
    if (d->isForeign("setDurability"))
        return false;
    QAmqpError error;
    if (isOpen())
        error = d->commit(); // the setting cannot change within a transaction
    if (isOpen() && !error)
        error = d->file()->setSynchronous(durability == Durability::Power);
    if (error) {
        d->setLastError(error);
        return false;
    }
    d->durability = durability;
    return true;
}

/*! Writes everything that was published, and waits until the disk has it, whatever durability() is. Returns \c false
    and sets lastError() if no file is open (NotOpen) or if that fails (DeviceFailed); failed() then tells the messages
    that were not accepted. */
bool QAmqpFileOutbox::flush()
{
    auto *const d = QAmqpFileOutboxPrivate::of(this);
    if (d->isForeign("flush"))
        return false;
    QAmqpError error;
    if (!isOpen())
        error = notOpen(u"flush(): the outbox has no file; open() one before");
    if (!error)
        error = d->commit();
    if (!error)
        error = d->file()->synchronize();
    if (error)
        d->setLastError(error);
    return !error;
}

/*! \relates QAmqpFileOutbox
    Writes the name of the file of \a outbox, and how much is in it, to \a debug. */
QDebug operator<<(QDebug debug, const QAmqpFileOutbox *outbox)
{
    const QDebugStateSaver saver(debug);
    debug.nospace();
    if (!outbox)
        return debug << "QAmqpFileOutbox(null)";
    return debug << "QAmqpFileOutbox(" << outbox->fileName() << ", "
                 << static_cast<const QAmqpOutbox *>(outbox) << ')';
}

QT_END_NAMESPACE
