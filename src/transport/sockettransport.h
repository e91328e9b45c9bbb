#ifndef QTAMQP_TRANSPORT_SOCKETTRANSPORT_H
#define QTAMQP_TRANSPORT_SOCKETTRANSPORT_H

// The default transport: QTcpSocket or QSslSocket on the Qt event loop of the thread that opened it.
//
// The socket's signals only note what happened and post a turn, because flush() emits them from
// inside a write, and no application code may run there. In the turn it is: read, work, write.

#include <QtAmqp/qamqptransport.h>
#include <QtCore/qbasictimer.h>
#include <QtCore/qobject.h>
#include <QtCore/qqueue.h>
#include <QtNetwork/qsslerror.h>
#include <QtNetwork/qsslsocket.h>

#include <atomic>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class SocketTransport final
    : public QObject
    , public QAmqpTransport
{
    Q_OBJECT
public:
    SocketTransport();
    ~SocketTransport() override;

    void open(const QAmqpEndpoint &endpoint) override;
    void write(const QByteArray &block) override;
    void flush() override;
    qint64 bytesToWrite() const override;
    void close() override;
    void abort() override;
    void setDeadline(std::optional<TimePoint> deadline) override;
    void requestTurn() override;
    QSslConfiguration tlsSession() const override;

protected:
    bool event(QEvent *event) override;
    void timerEvent(QTimerEvent *event) override;

private:
    void watch(QTcpSocket *socket);
    void startTimer();
    void noteWritten();
    QString advice(QAbstractSocket::SocketError code) const;
    void noteLost(const QString &text);
    void runTurn();
    void readSome();
    qint64 queuedInSocket() const;
    void feed();

    std::unique_ptr<QTcpSocket> m_socket;
    QSslSocket *m_tls = nullptr; // m_socket, if it is one
    QString m_endpoint;
    QQueue<QByteArray> m_blocks; // waiting for room in the socket
    qint64 m_blockBytes = 0;
    bool m_wasHigh = false;
    bool m_opened = false; // noted, not told yet
    QList<QSslError> m_sslErrors;
    std::optional<QAmqpError> m_lost;
    QBasicTimer m_timer;
    std::optional<TimePoint> m_deadline;
    TimePoint m_armed; // what the timer runs for, at the latest m_deadline
    std::atomic<bool> m_turnPosted = false;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
