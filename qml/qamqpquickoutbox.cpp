// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "qamqpquickoutbox.h"

#include "qamqpquickmessage.h"
#include "qamqpquickvalues.h"

#ifdef QTAMQP_QUICK_WITH_FILES
#  include <QtAmqpOutbox/qamqpfileoutbox.h>
#  include <QtCore/qdir.h>
#  include <QtCore/qfileinfo.h>
#endif

#include <QtCore/qdebug.h>
#include <QtCore/qloggingcategory.h>
#include <QtQml/qqmlengine.h>

#include <algorithm>
#include <chrono>
#include <limits>

QT_BEGIN_NAMESPACE

// The category of the library, which itself logs an error only if nothing is connected to the signal.
Q_LOGGING_CATEGORY(qtAmqpQuickOutbox, "qt.amqp.channel", QtWarningMsg)

using namespace Qt::StringLiterals;

using std::chrono::milliseconds;

/*!
    \qmltype AmqpOutbox
    \inqmlmodule QtAmqp
    \brief Keeps messages until the broker has confirmed them, in memory or in a file.

    \qml
    AmqpOutbox {
        id: box
        connection: broker
        file: "orders.box"
        onFailed: (id, why) => console.warn("order", id, "was not delivered:", why.text)
    }
    Button { text: "Order"; onClicked: box.publish("shop", "order.new", { article: 17, count: 2 }, { persistent: true }) }
    Label { text: box.count + " orders wait"; visible: box.count > 0 }
    \endqml

    publish() takes a message at any time: before the connection is open, while it recovers, when it is switched off,
    also without any. The messages are sent in their order as soon as there is a link. What the broker had not confirmed
    when the link was lost is sent again, before newer messages and with the same \c messageId. So each message that was
    taken arrives at least once, and delivered() tells it; or it leaves the outbox for a reason, which failed() tells.
    Consumers recognize a message that comes twice by its \c messageId, which the outbox makes up if there is none.

    Without a \l file messages are kept in memory: they are lost with the object. In a file they survive the end of the
    program, and are sent when it runs again.

    In contrast to an AmqpExchange, which keeps only what is not sent yet while the connection recovers, an outbox also
    outlives the end of the connection, AmqpConnection::reopen() and another AmqpConnection::url. It declares nothing:
    an exchange or a queue that is to exist is declared by an AmqpExchange or an AmqpQueue. A program may have several.

    This whole program keeps what is typed until the broker has it:

    \quotefromfile quick-outbox/outbox.qml
    \skipto import
    \printuntil /^\}/

    \sa QAmqpOutbox, QAmqpFileOutbox, AmqpExchange
*/

/*! \qmlproperty AmqpConnection AmqpOutbox::connection
    The connection to use. By default it is the AmqpConnection in which this object is declared. It may change at any
    time: what is on its way on the former one and not confirmed is sent again. While it is \c null, or not usable, the
    messages wait. */
/*! \qmlproperty bool AmqpOutbox::active
    Whether messages are taken and sent. It is \c true by default. While it is \c false, the file is closed, and what is
    in memory stays there. To take messages without sending them, set \l paused instead. */
/*! \qmlproperty string AmqpOutbox::file
    The file that keeps the messages, a path or a \c file URL. It is made if it does not exist, with its folder. If it
    is empty, as by default, the messages are kept in memory.

    Only one outbox at a time can have a file, in whatever program. If it cannot be opened, \l errorString says why,
    publish() refuses messages, and the next call of it tries again. When another file is named, what is in the former
    one stays there. Messages that wait in memory when a file is named move there, and have new ids from then on.

    This needs the library QtAmqpOutbox, which is built with QtAmqp where Qt6Sql is installed; without it a file is an
    error. Qt's driver for SQLite has to be installed too (Debian: libqt6sql6-sqlite). See QAmqpFileOutbox. */
/*! \qmlproperty enumeration AmqpOutbox::durability
    What messages in a \l file survive.
    \value AmqpOutbox.Process  The end of the program, however sudden. This is the default.
    \value AmqpOutbox.Power    Also the end of the computer. Each turn of the event loop in which something is published
                               or confirmed waits for the disk then, which a user interface may show. */
/*! \qmlproperty bool AmqpOutbox::paused
    Whether nothing more is sent. It is \c false by default. Messages are taken all the same. */
/*! \qmlproperty bool AmqpOutbox::mandatory
    Whether messages that are published from now on fail (\c "Unroutable") if no queue takes them. It is \c false by
    default: the broker drops such messages and confirms them. */
/*! \qmlproperty real AmqpOutbox::maximumCount
    How many messages the outbox takes; 0: without limit. By default it is -1, which stands for 100,000 in memory and
    for no limit in a \l file. What is in the outbox already stays. */
/*! \qmlproperty real AmqpOutbox::maximumBytes
    How many \l bytes the outbox takes; 0: without limit. By default it is -1, which stands for 64 MiB in memory and for
    no limit in a \l file. */
/*! \qmlproperty enumeration AmqpOutbox::overflow
    What publish() does when the outbox is full.
    \value AmqpOutbox.Refuse      It returns 0 and takes nothing. This is the default.
    \value AmqpOutbox.DropOldest  The oldest messages leave the outbox for the new one, as failed() tells. */
/*! \qmlproperty real AmqpOutbox::messageTimeout
    How many milliseconds each message that is published from now on has until it leaves the outbox with failed()
    (\c "Timeout"); 0, the default: without limit. The time also passes while the program does not run. */
/*! \qmlproperty real AmqpOutbox::maximumAttempts
    How often a message is sent at most before it leaves the outbox with failed(); 0, the default: without limit. */
/*! \qmlproperty enumeration AmqpOutbox::rejection
    What becomes of a message that the broker did not take: it refused it, returned it since no queue took it, or closed
    the channel over it, for example since the exchange is missing.
    \value AmqpOutbox.Fail   It leaves the outbox, as failed() tells. This is the default.
    \value AmqpOutbox.Retry  It is sent again after \l retryDelay, before newer messages. */
/*! \qmlproperty real AmqpOutbox::retryDelay
    How many milliseconds the outbox waits before it tries again what the broker did not take, 1,000 by default. */
/*! \qmlproperty real AmqpOutbox::window
    How many messages may be sent and not confirmed, 1,000 by default. */
/*! \qmlproperty real AmqpOutbox::count
    How many messages are in the outbox: published, and neither delivered nor failed. */
/*! \qmlproperty real AmqpOutbox::bytes
    How many bytes their bodies and properties have. */
/*! \qmlproperty amqpError AmqpOutbox::error
    Why the file cannot be used, why publish() refused a message, or what the outbox is in trouble with (its channel
    cannot be opened, the disk is full) and goes on trying. It is kept until publish() takes a message, or the trouble
    is over. */
/*! \qmlproperty string AmqpOutbox::errorString
    The text of \l error, which is empty if there is none. */
/*! \qmlproperty int AmqpOutbox::errorCode
    The reply code of \l error, which is 0 if there is none. */
/*! \qmlsignal AmqpOutbox::errorOccurred(amqpError error)
    \a error is what the property \l error has become. Messages stay where they are. */
/*! \qmlsignal AmqpOutbox::delivered(real firstId, real lastId)
    The broker has the messages \a firstId to \a lastId, and they have left the outbox. */
/*! \qmlsignal AmqpOutbox::failed(real id, amqpError why)
    The message \a id has left the outbox without being confirmed. The kind of \a why is \c "Nacked", \c "Unroutable",
    what the broker closed the channel with, such as \c "NotFound", \c "Timeout", \c "LimitExceeded" and others; see
    QAmqpOutbox::failed(). */

QAmqpQuickOutbox::QAmqpQuickOutbox(QObject *parent) : QAmqpQuickBase(true, parent)
{
    connect(this, &QAmqpQuickBase::settingsChanged, this, &QAmqpQuickOutbox::change);
    connect(this, &QAmqpQuickOutbox::fileChanged, this, &QAmqpQuickOutbox::restart);
    connect(this, &QAmqpQuickOutbox::pausedChanged, this, &QAmqpQuickOutbox::followPaused);
}

QAmqpQuickOutbox::~QAmqpQuickOutbox() = default;

void QAmqpQuickOutbox::setConnection(QAmqpQuickConnection *connection)
{
    if (m_connection == connection)
        return;
    if (m_connection)
        m_connection->disconnect(this);
    m_connection = connection;
    if (connection) {
        connect(connection, &QAmqpQuickConnection::sessionChanged, this,
                &QAmqpQuickOutbox::followSession);
        connect(connection, &QObject::destroyed, this, &QAmqpQuickOutbox::connectionChanged);
    }
    followSession();
    Q_EMIT connectionChanged();
}

void QAmqpQuickOutbox::componentComplete()
{
    findConnection();
    QAmqpQuickBase::componentComplete();
}

void QAmqpQuickOutbox::findConnection()
{
    if (!m_connection)
        setConnection(QAmqpQuickConnection::around(this));
}

void QAmqpQuickOutbox::start()
{
    if (m_isOpen)
        return;
    setError({});
    if (m_isOpen || !isActive()) // a signal handler may have changed anything
        return;
    findConnection(); // an Instantiator becomes the parent only after the object is complete
    QAmqpError error;
    if (const QString wrong = settingsError(); !wrong.isEmpty())
        return fail(invalid(wrong));
    QList<Failure> failures;
    if (m_file.isEmpty()) {
        if (!m_box)
            use(std::make_unique<QAmqpOutbox>(), false);
    } else {
        Box box = openFile(&error);
        if (!box)
            return fail(error);
        const Box memory = std::move(m_box);
        use(std::move(box), true);
        if (memory)
            failures = takeMessages(*memory);
    }
    m_isOpen = true;
    configure();
    followPaused();
    followSession();
    const QPointer<QAmqpQuickOutbox> self = this;
    Q_EMIT countChanged();
    for (const Failure &failure : std::as_const(failures)) {
        if (self)
            Q_EMIT failed(failure.id, failure.why);
    }
}

void QAmqpQuickOutbox::stop()
{
    m_isOpen = m_isTroubled = false;
    if (m_box && m_isFile) {
        m_box.reset();
        Q_EMIT countChanged();
    } else if (m_box) {
        m_box->setConnection(nullptr);
    }
}

QAmqpQuickOutbox::Box QAmqpQuickOutbox::openFile(QAmqpError *error) const
{
#ifdef QTAMQP_QUICK_WITH_FILES
    const QString name = QtAmqpQuick::localFile(m_file);
    QDir().mkpath(QFileInfo(name).absolutePath()); // QML has no means for that
    auto box = std::make_unique<QAmqpFileOutbox>();
    box->setDurability(QAmqpFileOutbox::Durability(m_durability));
    if (box->open(name))
        return box;
    *error = box->lastError();
#else
    *error = invalid(tr(
            "file: this QtAmqp was built without QtAmqpOutbox, the outbox in a file; build it with "
            "-DQTAMQP_OUTBOX=ON, or leave the property empty to keep messages in memory"));
#endif
    return {};
}

void QAmqpQuickOutbox::use(Box box, bool isFile)
{
    m_box = std::move(box);
    m_isFile = isFile;
    m_usualCount = m_box->maximumCount();
    m_usualBytes = m_box->maximumBytes();
    const QAmqpOutbox *const source = m_box.get();
    connect(source, &QAmqpOutbox::countChanged, this, &QAmqpQuickOutbox::countChanged);
    connect(source, &QAmqpOutbox::publishRefused, this, [] {}); // publish() reports it
    connect(source, &QAmqpOutbox::errorOccurred, this, &QAmqpQuickOutbox::trouble);
    connect(source, &QAmqpOutbox::failed, this,
            [this](quint64 id, const QAmqpError &why) { Q_EMIT failed(id, why); });
    connect(source, &QAmqpOutbox::delivered, this, &QAmqpQuickOutbox::passDelivered);
}

void QAmqpQuickOutbox::passDelivered(quint64 first, quint64 last)
{
    const QPointer<QAmqpQuickOutbox> self = this;
    if (m_connection)
        m_connection->countMoreOut(int(last - first + 1));
    if (std::exchange(m_isTroubled, false))
        setError({});
    if (self)
        Q_EMIT delivered(first, last);
}

// Takes what waits in memory into the file, and returns what it cannot take.
QList<QAmqpQuickOutbox::Failure> QAmqpQuickOutbox::takeMessages(const QAmqpOutbox &from)
{
    constexpr qsizetype atOnce = 100'000;

    QList<Failure> failures;
    quint64 last = 0;
    for (QList<QAmqpOutboxMessage> messages = from.messages(atOnce); !messages.isEmpty();
         messages = from.messages(atOnce, last)) {
        for (const QAmqpOutboxMessage &each : std::as_const(messages)) {
            last = each.id;
            const auto left = each.expires - QDateTime::currentDateTimeUtc();
            m_box->setMessageTimeout(each.expires.isValid() ? std::max(left, milliseconds(1))
                                                            : milliseconds(0));
            if (!m_box->publish(each.exchange, each.routingKey, each.message, each.flags))
                failures.append({each.id, m_box->lastError()});
        }
    }
    return failures;
}

// Returns what is wrong with the settings; empty if they are right.
QString QAmqpQuickOutbox::settingsError() const
{
    constexpr qint64 mostInt = std::numeric_limits<int>::max();
    const struct
    {
        QLatin1StringView name;
        qreal value;
        qint64 least;
        qint64 most;
    } settings[] = {
            {"maximumCount"_L1, m_maximumCount, -1, QtAmqpQuick::LargestWhole},
            {"maximumBytes"_L1, m_maximumBytes, -1, QtAmqpQuick::LargestWhole},
            {"messageTimeout"_L1, m_messageTimeout, 0, QtAmqpQuick::LargestWhole},
            {"maximumAttempts"_L1, m_maximumAttempts, 0, mostInt},
            {"retryDelay"_L1, m_retryDelay, 0, mostInt},
            {"window"_L1, m_window, 1, mostInt},
    };
    QString wrong;
    for (const auto &[name, value, least, most] : settings) {
        if (wrong.isEmpty())
            wrong = QtAmqpQuick::wholeNumberError(name, value, least, most);
    }
    return wrong;
}

// A setting has another value. One that is wrong has no effect on an outbox that is open.
void QAmqpQuickOutbox::change()
{
    if (!m_isOpen)
        return startSoon();
    if (const QString wrong = settingsError(); !wrong.isEmpty())
        return fail(invalid(wrong));
    configure();
    if (!m_isTroubled)
        setError({});
}

void QAmqpQuickOutbox::configure()
{
    m_box->setMaximumCount(m_maximumCount < 0 ? m_usualCount : qint64(m_maximumCount));
    m_box->setMaximumBytes(m_maximumBytes < 0 ? m_usualBytes : qint64(m_maximumBytes));
    m_box->setOverflow(QAmqpOutbox::Overflow(m_overflow));
    m_box->setMessageTimeout(milliseconds(qint64(m_messageTimeout)));
    m_box->setMaximumAttempts(int(m_maximumAttempts));
    m_box->setRejection(QAmqpOutbox::Rejection(m_rejection));
    m_box->setRetryDelay(milliseconds(qint64(m_retryDelay)));
    m_box->setWindow(int(m_window));
    if (m_isFile)
        setDurability();
}

void QAmqpQuickOutbox::setDurability()
{
#ifdef QTAMQP_QUICK_WITH_FILES
    auto *const file = static_cast<QAmqpFileOutbox *>(m_box.get());
    const auto durability = QAmqpFileOutbox::Durability(m_durability);
    if (file->durability() != durability && !file->setDurability(durability))
        trouble(file->lastError());
#endif
}

void QAmqpQuickOutbox::followPaused()
{
    if (m_box && m_paused)
        m_box->pause();
    else if (m_box)
        m_box->resume();
}

void QAmqpQuickOutbox::followSession()
{
    if (m_isOpen)
        m_box->setConnection(m_connection ? m_connection->session() : nullptr);
}

void QAmqpQuickOutbox::trouble(const QAmqpError &error)
{
    m_isTroubled = true;
    if (!hasErrorHandler())
        qCWarning(qtAmqpQuickOutbox).noquote() << error.text();
    fail(error); // a handler may delete this object
}

/*! \qmlmethod real AmqpOutbox::publish(string exchange, string routingKey, var body, var properties = {})
    Takes a message for \a exchange (empty: the default exchange) with \a routingKey, and returns its id: 1, 2, 3 and so
    on through the life of the outbox and, if it has one, of its \l file. What becomes of the message is told by
    delivered() or failed(). The \a body and the \a properties are those of AmqpExchange::publish().

    Returns 0 if the message is refused, and \l errorString says why: the outbox is full (\c "LimitExceeded"), a name, a
    property or a setting is not valid (\c "InvalidArgument"), the outbox is not \l active (\c "NotOpen"), or its file
    cannot be used.

    Messages may be published as soon as the document is complete, for example in \c Component.onCompleted. A message is
    in the file at the end of the turn of the event loop in which it was published. */
quint64 QAmqpQuickOutbox::publish(const QString &exchange, const QString &routingKey,
                                  const QJSValue &body, const QJSValue &properties)
{
    QString wrong;
    const QAmqpMessage message =
            QAmqpQuickMessage::fromJs(body, properties, qmlEngine(this), &wrong);
    const QPointer<QAmqpQuickOutbox> self = this;
    if (wrong.isEmpty() && isActive()) {
        start();
        if (!self || !m_isOpen) // that has told why
            return 0;
    }
    QAmqpError error;
    quint64 id = 0;
    if (!wrong.isEmpty())
        error = invalid(wrong);
    else if (!m_isOpen)
        error = QAmqpError(QAmqpError::Kind::NotOpen, QAmqpError::Scope::Operation,
                           QAmqpError::Origin::Application,
                           tr("nothing can be published: the outbox is not active"));
    else
        id = m_box->publish(exchange, routingKey, message,
                            m_mandatory ? QAmqpChannel::Mandatory : QAmqpChannel::NoFlags);
    if (id == 0 && !error)
        error = m_box->lastError();
    if (error)
        fail(error);
    else if (!m_isTroubled)
        setError({});
    return id;
}

QT_END_NAMESPACE
