// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/qamqpmessagemodel_p.h"

#include "values/wiretext.h"

#include <QtCore/qdatetime.h>
#include <QtCore/qdebug.h>
#include <QtCore/qlocale.h>
#include <QtCore/qstringconverter.h>

#include <iterator>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;
using namespace QtAmqpPrivate;

/*!
    \class QAmqpMessageModel
    \inmodule QtAmqp
    \brief The newest messages of a queue as a model for views.

    Each message is a row. A QTableView shows the model as it is, with a column for each \l Column and their titles:

    \snippet widgets-messages/main.cpp model

    It needs QtCore alone, so that a program without widgets can use it too. The QML type AmqpMessageModel is this
    class with roles that are values of QML.

    \section1 What it keeps

    The model keeps the newest messages, as many as \l maximumCount and \l maximumSize allow, and drops older ones. All
    messages that come in one turn of the event loop are inserted together, so that views pay for each turn and not for
    each message. A filter decides which of the messages are shown, and \l paused holds back what comes.

    It acknowledges nothing by itself. ack() and nack() settle the message of a row. A message that leaves the model
    unsettled is neither acknowledged nor given back: it counts towards the consumer's prefetch until somebody settles
    another copy of its QAmqpDelivery, and goes back to its queue when its channel ends. Where the user settles each
    message, use \l keepUnsettled, so that none is dropped which still waits for that. A program that only looks on
    lets the broker forget what it sends (QAmqpConsumeOptions::setNoAck()), or acknowledges in a slot of its own.

    A row shows that its message was settled in the turn after that, by whichever copy and in whichever thread it
    happened. What QAmqpDelivery::Multiple settles besides the message itself is not marked, and neither are the
    messages of QAmqpChannel::ackAll() and QAmqpChannel::nackAll(): their rows look unsettled until their channel ends.
    What was settled in a transaction that is rolled back goes on to look settled.

    \section1 When the link is lost

    Rows stay when the link is lost, and also when the channel or the connection ends. Those whose messages were not
    settled become stale, see QAmqpDelivery::isStale(): ack() and nack() return \c false for them, and the broker
    delivers the messages again. When the connection has recovered and the consumer has started again, they come as
    new rows, whose QAmqpDelivery::redelivered is \c true, or go to another consumer. Remove stale rows, or show them
    as what they are, which the column \l StateColumn does.

    \section1 Threads and event loops

    A model belongs to the thread of its views, which is the main thread in a program with widgets, and all its
    functions are called there. The connection may live in another thread: connect QAmqpConsumer::messageReceived to
    append() as any signal is connected to an object of another thread, and Qt brings each message over. ack() and
    nack() may be used all the same, since a QAmqpDelivery may be settled in any thread.

    Rows appear when Qt delivers the events of the model's thread, which Qt's event loop does. In a program with
    another event loop, see \l{Writing a transport}, nothing appears and no row changes by itself: call
    QCoreApplication::sendPostedEvents() for the model in each turn.

    \section1 Sorting and searching

    The rows are in the order in which the messages came. For another order and for a search set a
    QSortFilterProxyModel before the model, and its QSortFilterProxyModel::sortRole to \l SortRole, by which numbers,
    sizes and times are compared as such rather than as texts.

    \section1 Subclasses

    A subclass may add roles from \c FirstFreeRole on in data() and roleNames(), and columns in columnCount(), data()
    and headerData().

    \sa QAmqpConsumer::messageReceived(), QAmqpQueue::messageReceived(), QAmqpDelivery, AmqpMessageModel
*/

/*!
    \enum QAmqpMessageModel::Column
    The columns. All are texts, and those of the peer are shown with escapes such as \c{\n} for characters that are
    not printable.

    \value NumberColumn       The number of the message: 1 for the first one that came since the model was made or
                              cleared, and 1 more for each after it.
    \value ReceivedColumn     The time at which it came, by the clock of this computer.
    \value ExchangeColumn     The exchange to which it was published. The default exchange, which has no name, is
                              shown as \c{(default)}.
    \value RoutingKeyColumn   The routing key with which it was published.
    \value ContentTypeColumn  The MIME type of the body, as the sender gave it.
    \value SizeColumn         The size of the body.
    \value StateColumn        Whether the message is unsettled, settled or stale.
    \value BodyColumn         The beginning of the body in one line: as text, or in hex if it is not UTF-8.
    \omitvalue ColumnCount
*/

/*!
    \enum QAmqpMessageModel::Role
    What data() returns besides the texts of the columns (\c Qt::DisplayRole), their alignment and what a screen
    reader says. Apart from \c SortRole each is the same in all columns.

    \value DeliveryRole   The message, a QAmqpDelivery.
    \value ReceivedRole   When it came, a QDateTime.
    \value SettledRole    Whether it was settled or needs no acknowledgement, see QAmqpDelivery::isSettled().
    \value StaleRole      Whether it was not settled and cannot be settled any more, see QAmqpDelivery::isStale().
    \value SortRole       By what the column is sorted: a number, a time or a text.
    \value FirstFreeRole  Subclasses may have roles of their own from this one on.
*/

/*!
    \typedef QAmqpMessageModel::Filter
    Returns whether to show the message, see setFilter(). It is called in the thread of the model, for each message when it
    comes and for all that are there when the filter is set.
*/

/*! \fn void QAmqpMessageModel::maximumCountChanged()
    maximumCount() has changed. */
/*! \fn void QAmqpMessageModel::maximumSizeChanged()
    maximumSize() has changed. */
/*! \fn void QAmqpMessageModel::keepUnsettledChanged()
    keepsUnsettled() has changed. */
/*! \fn void QAmqpMessageModel::newestFirstChanged()
    isNewestFirst() has changed. */
/*! \fn void QAmqpMessageModel::pausedChanged()
    isPaused() has changed. */
/*! \fn void QAmqpMessageModel::countChanged()
    count() has changed. It is emitted once for all messages that came in one turn of the event loop. */
/*! \fn void QAmqpMessageModel::waitingChanged()
    waiting() has changed. */
/*! \fn void QAmqpMessageModel::unsettledChanged()
    unsettled() has changed. */

/*! \property QAmqpMessageModel::count
    How many rows there are. */
/*! \property QAmqpMessageModel::waiting
    How many messages came during the pause, \l maximumCount at most unless \l keepUnsettled is set. It is 0 if the
    model is not paused. */
/*! \property QAmqpMessageModel::unsettled
    How many of the messages that are kept, shown or not, were neither settled nor became stale. Those that wait for
    the end of a pause are not counted. Like the rows it changes in the turn after something was settled. */
/*!
    \fn void QAmqpMessageModel::maximumCountChanged()
    \fn void QAmqpMessageModel::maximumSizeChanged()
    \fn void QAmqpMessageModel::keepUnsettledChanged()
    \fn void QAmqpMessageModel::newestFirstChanged()
    \fn void QAmqpMessageModel::pausedChanged()
    \fn void QAmqpMessageModel::countChanged()
    \fn void QAmqpMessageModel::waitingChanged()
    \fn void QAmqpMessageModel::unsettledChanged()
    Emitted when the property of that name has changed.
*/

/*! Makes a model without messages, with \a parent. Connect a signal to append() to fill it. */
QAmqpMessageModel::QAmqpMessageModel(QObject *parent)
    : QAbstractTableModel(parent), d_ptr(std::make_unique<QAmqpMessageModelPrivate>(this))
{
}

/*! Destroys the model. Its messages are not settled by that: those that are unsettled go back to their queue when
    their channel ends. */
QAmqpMessageModel::~QAmqpMessageModel() = default;

/*! \property QAmqpMessageModel::maximumCount
    How many messages are kept, at least 1; a smaller number is taken for 1. The default is 1000. */
int QAmqpMessageModel::maximumCount() const { return d_ptr->maximumCount; }

void QAmqpMessageModel::setMaximumCount(int count)
{
    count = qMax(1, count);
    if (d_ptr->maximumCount == count)
        return;
    d_ptr->maximumCount = count;
    d_ptr->boundWaiting();
    Q_EMIT maximumCountChanged();
    d_ptr->showSoon();
}

/*! \property QAmqpMessageModel::maximumSize
    How many bytes the messages that are kept may have, bodies and properties together, at least 1. The default is
    64 MiB. The newest message is kept in any case. During a pause the same holds for the messages that wait. */
qint64 QAmqpMessageModel::maximumSize() const { return d_ptr->maximumSize; }

void QAmqpMessageModel::setMaximumSize(qint64 bytes)
{
    bytes = qMax(qint64(1), bytes);
    if (d_ptr->maximumSize == bytes)
        return;
    d_ptr->maximumSize = bytes;
    d_ptr->boundWaiting();
    Q_EMIT maximumSizeChanged();
    d_ptr->showSoon();
}

/*! \property QAmqpMessageModel::keepUnsettled
    Whether messages that are neither settled nor stale are kept whatever \l maximumCount and \l maximumSize are, so
    that somebody can still settle them. It is \c false by default. The prefetch of the consumer
    (QAmqpConsumeOptions::setPrefetch()) is then the bound for these. They can be dropped as soon as they are settled
    or stale; remove() and clear() take away any. */
bool QAmqpMessageModel::keepsUnsettled() const { return d_ptr->keepUnsettled; }

void QAmqpMessageModel::setKeepUnsettled(bool keep)
{
    if (d_ptr->keepUnsettled == keep)
        return;
    d_ptr->keepUnsettled = keep;
    d_ptr->boundWaiting();
    Q_EMIT keepUnsettledChanged();
    d_ptr->showSoon();
}

/*! \property QAmqpMessageModel::newestFirst
    Whether new messages are inserted at row 0 rather than at the end. It is \c false by default. A change resets the
    model. */
bool QAmqpMessageModel::isNewestFirst() const { return d_ptr->isNewestFirst; }

void QAmqpMessageModel::setNewestFirst(bool newestFirst)
{
    if (d_ptr->isNewestFirst == newestFirst)
        return;
    d_ptr->setNewestFirst(newestFirst);
    Q_EMIT newestFirstChanged();
}

/*! \property QAmqpMessageModel::paused
    Whether the rows stay as they are. Messages that come meanwhile are shown after the pause. The consumer goes on to
    receive: QAmqpConsumer::pause() stops that. */
bool QAmqpMessageModel::isPaused() const { return d_ptr->isPaused; }

void QAmqpMessageModel::setPaused(bool paused)
{
    if (d_ptr->isPaused == paused)
        return;
    d_ptr->isPaused = paused;
    Q_EMIT pausedChanged();
    Q_EMIT waitingChanged();
    d_ptr->showSoon();
}

/*!
    Shows the messages for which \a filter returns \c true, and all if it is empty. The other messages are kept, and
    are shown when another filter lets them pass. This resets the model. The filter may call any function of the
    model, but must not destroy it.
*/
void QAmqpMessageModel::setFilter(Filter filter) { d_ptr->setFilter(std::move(filter)); }

int QAmqpMessageModel::count() const { return d_ptr->count(); }

int QAmqpMessageModel::waiting() const { return d_ptr->isPaused ? int(d_ptr->waiting.size()) : 0; }

int QAmqpMessageModel::unsettled() const { return d_ptr->open; }

/*!
    Adds \a message, which becomes a row in the next turn of the event loop, or after a pause. Connect
    QAmqpConsumer::messageReceived or QAmqpQueue::messageReceived to this, or call it with what
    QAmqpChannel::get() delivered.

    A message that was never delivered, such as the reply to a request, can be shown as well: assign it to the part
    of an empty QAmqpDelivery that is a QAmqpMessage. Such a row counts as settled.
*/
void QAmqpMessageModel::append(const QAmqpDelivery &message) { d_ptr->append(message); }

/*! Returns the message in \a row, or an invalid delivery if there is no such row. */
QAmqpDelivery QAmqpMessageModel::delivery(int row) const
{
    return row >= 0 && row < count() ? d_ptr->at(row).message : QAmqpDelivery();
}

/*! Acknowledges the message in \a row, and returns what QAmqpDelivery::ack() does: \c false, among others, if it was
    settled before or is stale. Returns \c false if there is no such row. The row stays. */
bool QAmqpMessageModel::ack(int row) { return delivery(row).ack(); }

/*! Gives the message in \a row back to its queue or, if \a requeue says so, has it discarded. Returns what
    QAmqpDelivery::nack() does, and \c false if there is no such row. The row stays. */
bool QAmqpMessageModel::nack(int row, QAmqpDelivery::RequeueMode requeue)
{
    return delivery(row).nack(requeue);
}

/*! Removes \a row, if there is one. Its message is not settled by that. */
void QAmqpMessageModel::remove(int row) { removeRows(row, 1); }

/*! Removes all messages, also those that wait and those that a filter hides. They are not settled by that. */
void QAmqpMessageModel::clear()
{
    d_ptr->clear();
    Q_EMIT waitingChanged();
}

/*! Removes \a count rows from \a row on, and returns \c true; or returns \c false and removes nothing if there are
    no such rows, or if \a parent is valid. Their messages are not settled by that. */
bool QAmqpMessageModel::removeRows(int row, int count, const QModelIndex &parent)
{
    if (parent.isValid() || row < 0 || count < 1 || count > this->count() - row)
        return false;
    d_ptr->removeRows(row, count);
    return true;
}

/*! Returns the index of \a row and \a column, or an invalid index if there is no such place or if \a parent is
    valid. */
QModelIndex QAmqpMessageModel::index(int row, int column, const QModelIndex &parent) const
{
    return QAbstractTableModel::index(row, column, parent);
}

/*! Returns \l count, or 0 if \a parent is valid. */
int QAmqpMessageModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : count();
}

/*! Returns how many values \l Column has, or 0 if \a parent is valid. */
int QAmqpMessageModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(ColumnCount);
}

static bool isNumber(int column)
{
    return column == QAmqpMessageModel::NumberColumn || column == QAmqpMessageModel::SizeColumn;
}

/*! Returns what \a index has for \a role, see \l Role. A text is made when it is asked for. */
QVariant QAmqpMessageModel::data(const QModelIndex &index, int role) const
{
    if (index.row() < 0 || index.row() >= count())
        return {};
    const QAmqpMessageModelPrivate::Entry &entry = d_ptr->at(index.row());
    switch (role) {
    case Qt::DisplayRole: return d_ptr->text(entry, index.column());
    case Qt::TextAlignmentRole:
        return isNumber(index.column()) ? int(Qt::AlignRight | Qt::AlignVCenter) : QVariant();
    case Qt::AccessibleTextRole: // a cell alone does not say what it is
        return QString(headerData(index.column(), Qt::Horizontal).toString() + u' '
                       + index.data().toString());
    case DeliveryRole: return QVariant::fromValue(entry.message);
    case ReceivedRole: return QDateTime::fromMSecsSinceEpoch(entry.received);
    case SettledRole: return entry.message.isSettled();
    case StaleRole: return QAmqpMessageModelPrivate::isStale(entry.message);
    case SortRole: break;
    default: return {};
    }
    switch (index.column()) {
    case NumberColumn: return entry.number;
    case ReceivedColumn: return entry.received;
    case SizeColumn: return entry.message.body().size();
    default: return index.data();
    }
}

static QString preview(const QByteArray &body)
{
    constexpr qsizetype most = 160;
    const QByteArray start = body.left(most);
    QStringDecoder decoder(QStringDecoder::Utf8,
                           start.size() < body.size() ? QStringDecoder::Flag::Default
                                                      : QStringDecoder::Flag::Stateless);
    const QString text = decoder(start); // the last character may be cut off
    if (start.contains('\0') || decoder.hasError())
        return QAmqpMessageModel::tr("binary: %1")
                .arg(QString::fromLatin1(start.left(32).toHex(' ')));
    return printable(text.simplified()) + (start.size() < body.size() ? u"…"_s : QString());
}

QString QAmqpMessageModelPrivate::text(const Entry &entry, int column) const
{
    using Model = QAmqpMessageModel;
    const QAmqpDelivery &message = entry.message;
    switch (column) {
    case Model::NumberColumn: return QString::number(entry.number);
    case Model::ReceivedColumn:
        return QDateTime::fromMSecsSinceEpoch(entry.received).toString(u"hh:mm:ss.zzz"_s);
    case Model::ExchangeColumn:
        return message.isValid() && message.exchange().isEmpty() ? Model::tr("(default)")
                                                                 : printable(message.exchange());
    case Model::RoutingKeyColumn: return printable(message.routingKey());
    case Model::ContentTypeColumn: return printable(message.contentType());
    case Model::SizeColumn: return QLocale().formattedDataSize(message.body().size(), 1);
    case Model::StateColumn:
        return message.isSettled()  ? Model::tr("settled")
                : message.isStale() ? Model::tr("stale")
                                    : Model::tr("unsettled");
    case Model::BodyColumn: return preview(message.body());
    default: return {};
    }
}

/*! Returns the title of column \a section for the horizontal \a orientation, and its alignment, by \a role. */
QVariant QAmqpMessageModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    static const char *const titles[] = {
            QT_TR_NOOP("#"),           QT_TR_NOOP("Received"),     QT_TR_NOOP("Exchange"),
            QT_TR_NOOP("Routing key"), QT_TR_NOOP("Content type"), QT_TR_NOOP("Size"),
            QT_TR_NOOP("State"),       QT_TR_NOOP("Body")};
    static_assert(std::size(titles) == ColumnCount);
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return QAbstractTableModel::headerData(section, orientation, role);
    if (role == Qt::TextAlignmentRole)
        return int((isNumber(section) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    return role == Qt::DisplayRole ? tr(titles[section]) : QVariant();
}

/*! \relates QAmqpMessageModel
    Writes how many rows \a model has, and how many of its messages are unsettled, to \a debug. */
QDebug operator<<(QDebug debug, const QAmqpMessageModel *model)
{
    const QDebugStateSaver saver(debug);
    if (!model)
        return debug.nospace() << "QAmqpMessageModel(null)";
    return debug.nospace() << "QAmqpMessageModel(" << model->count() << " rows, "
                           << model->unsettled() << " unsettled)";
}

QT_END_NAMESPACE
