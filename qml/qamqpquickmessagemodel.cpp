// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "qamqpquickmessagemodel.h"

#include "qamqpquickvalues.h"

#include <QtCore/qmetaobject.h>
#include <QtQml/qqmlengine.h>
#include <QtQml/qqmlinfo.h>

QT_BEGIN_NAMESPACE

/*!
    \qmltype AmqpMessageModel
    \inqmlmodule QtAmqp
    \brief The messages of a queue as a model for views.

    \qml
    ListView {
        model: AmqpMessageModel { queue: orders; maximumCount: 500; newestFirst: true }
        delegate: ItemDelegate {
            required property string routingKey
            required property string bodyText
            width: ListView.view.width
            text: routingKey + ": " + bodyText
        }
    }
    \endqml

    The model keeps the newest messages, as many as \l maximumCount and \l maximumSize allow, and drops older
    ones. All messages that come in one turn of the event loop are one change for the view. Each property of
    amqpMessage is a role of the same name: \c body, \c json, \c routingKey, \c exchange, \c headers, and so
    on; only the role for \c text is called \c bodyText. The role \c message is the value with all of them,
    and \c received is the time at which it came. No role has the name of a property of Qt Quick Controls, so
    that each can be a required property of an ItemDelegate, a Label or a Button, which have a \c text of
    their own.

    The model acknowledges nothing by itself, which is up to AmqpQueue::ackPolicy. Under AmqpQueue.AckManually
    a delegate calls \l ack(), \l nack() or amqpMessage::ack(), and its role \c settled changes. A message
    that leaves the model unsettled stays with the queue until its channel ends, and goes back then.

    When the link is lost, the rows stay. Those that were not settled become \c stale, see amqpMessage::stale: their
    messages come again as new rows, here or at another consumer. Remove such rows, or show them as what they are.

    \sa QAmqpMessageModel
*/

/*! \qmlproperty int AmqpMessageModel::count
    How many rows there are. */
/*! \qmlproperty int AmqpMessageModel::waiting
    How many messages came during the pause, \l maximumCount at most unless \l keepUnsettled is set. */
/*! \qmlproperty int AmqpMessageModel::unsettled
    How many of the messages that are kept, shown or not, were neither settled nor became stale. */
/*! \qmlproperty int AmqpMessageModel::maximumCount
    How many messages are kept. The default is 1000. */
/*! \qmlproperty bool AmqpMessageModel::keepUnsettled
    Whether messages that are neither settled nor stale are kept whatever \l maximumCount and \l maximumSize are, so
    that somebody can still settle them; AmqpQueue::prefetch bounds these. It is \c false by default. */
/*! \qmlproperty bool AmqpMessageModel::newestFirst
    Whether new messages are inserted at row 0 rather than at the end. */
/*! \qmlproperty bool AmqpMessageModel::paused
    Whether the rows stay as they are. Messages that come meanwhile are shown after the pause. */
/*! \qmlmethod bool AmqpMessageModel::ack(int row)
    Acknowledges the message in \a row, and returns what amqpMessage::ack() does. */
/*! \qmlmethod void AmqpMessageModel::remove(int row)
    Removes \a row. Its message is not settled by that. */
/*! \qmlmethod void AmqpMessageModel::clear()
    Removes all messages, also those that wait. */

namespace {

const QMetaObject &messageProperties = QAmqpQuickMessage::staticMetaObject;
constexpr int FirstProperty = QAmqpMessageModel::FirstFreeRole;

} // namespace

QAmqpQuickMessageModel::QAmqpQuickMessageModel(QObject *parent) : QAmqpMessageModel(parent) { }

/*! \qmlproperty AmqpQueue AmqpMessageModel::queue
    The queue from which the messages come. When it changes, the messages that are there stay. */
void QAmqpQuickMessageModel::setQueue(QAmqpQuickQueue *queue)
{
    if (m_queue == queue)
        return;
    if (m_queue)
        m_queue->disconnect(this);
    m_queue = queue;
    if (queue) {
        connect(queue, &QAmqpQuickQueue::messageReceived, this, &QAmqpQuickMessageModel::append);
        connect(queue, &QObject::destroyed, this, &QAmqpQuickMessageModel::queueChanged);
    }
    Q_EMIT queueChanged();
}

/*! \qmlproperty real AmqpMessageModel::maximumSize
    How many bytes the messages that are kept may have, bodies and properties together. The default is 64 MiB.
    The newest message is kept in any case. During a pause the same holds for the messages that wait. */
void QAmqpQuickMessageModel::setMaximumSizeFromJs(qreal size)
{
    setMaximumSize(size >= 1 ? qint64(qMin(size, qreal(QtAmqpQuick::LargestWhole))) : 1);
}

/*! \qmlproperty function AmqpMessageModel::filter
    Which messages to show. It is a function that takes an amqpMessage and returns a bool, or \c undefined to
    show all. The other messages are kept, and are shown when another filter lets them pass. Bind it to what
    it depends on:

    \qml
    filter: field.text === "" ? undefined : (message) => message.routingKey.includes(field.text)
    \endqml */
void QAmqpQuickMessageModel::setFilter(const QJSValue &filter)
{
    if (m_filter.strictlyEquals(filter))
        return;
    m_filter = filter;
    if (filter.isCallable())
        QAmqpMessageModel::setFilter(
                [this](const QAmqpDelivery &message) { return passes(message); });
    else
        QAmqpMessageModel::setFilter({});
    Q_EMIT filterChanged();
}

bool QAmqpQuickMessageModel::passes(const QAmqpDelivery &message) const
{
    QJSEngine *engine = qmlEngine(this);
    if (!engine || !m_filter.isCallable())
        return true;
    const QJSValue result = m_filter.call({engine->toScriptValue(QAmqpQuickMessage(message))});
    if (result.isError())
        qmlWarning(this) << result.toString();
    return result.isError() || result.toBool();
}

// To QML this is a list.
int QAmqpQuickMessageModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : 1;
}

QVariant QAmqpQuickMessageModel::data(const QModelIndex &index, int role) const
{
    if (index.row() < 0 || index.row() >= count())
        return {};
    if (role == ReceivedRole || role == SettledRole || role == StaleRole)
        return QAmqpMessageModel::data(index, role);
    const QAmqpQuickMessage message = get(index.row());
    if (role == Qt::DisplayRole)
        return message.text();
    if (role == DeliveryRole)
        return QVariant::fromValue(message);
    const QMetaProperty property = messageProperties.property(role - FirstProperty);
    return property.isValid() ? property.readOnGadget(&message) : QVariant();
}

QHash<int, QByteArray> QAmqpQuickMessageModel::roleNames() const
{
    QHash<int, QByteArray> names;
    for (int i = 0; i < messageProperties.propertyCount(); ++i)
        names.insert(FirstProperty + i, messageProperties.property(i).name());
    // A button's property `text` is final, so a button as the delegate could not require a role of that name.
    names.insert(FirstProperty + messageProperties.indexOfProperty("text"), "bodyText");
    // Views are told of the roles of QAmqpMessageModel when a message is settled.
    for (const auto &[name, role] :
         {std::pair("settled", SettledRole), std::pair("stale", StaleRole)}) {
        names.remove(FirstProperty + messageProperties.indexOfProperty(name));
        names.insert(role, name);
    }
    names.insert(DeliveryRole, "message");
    names.insert(ReceivedRole, "received");
    return names;
}

/*! \qmlmethod amqpMessage AmqpMessageModel::get(int row)
    Returns the message in \a row, or an empty message if there is no such row. */
QAmqpQuickMessage QAmqpQuickMessageModel::get(int row) const { return delivery(row); }

/*! \qmlmethod void AmqpMessageModel::append(amqpMessage message)
    Adds \a message, as if it had come from the queue. */
void QAmqpQuickMessageModel::append(const QAmqpQuickMessage &message)
{
    QAmqpMessageModel::append(message.delivery());
}

/*! \qmlmethod bool AmqpMessageModel::nack(int row, bool requeue = true)
    Refuses the message in \a row, and returns what amqpMessage::nack() does with \a requeue. */
bool QAmqpQuickMessageModel::nack(int row, bool requeue) { return get(row).nack(requeue); }

QT_END_NAMESPACE
