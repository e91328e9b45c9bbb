// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_FAREWELL_H
#define QTAMQP_API_FAREWELL_H

// The end of a session that nobody listens to any more: its connection object is gone, or has been told that
// it is closed. Core and transport go on until the peer has heard everything, or its time is over. A socket
// that is closed before takes back what was on its way: acknowledgements, publishes, the close itself.

#include "protocol/connectioncore.h"
#include "transport/transportclient.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class Farewell final
    : public QAmqpTransportClient
    , public std::enable_shared_from_this<Farewell>
{
public:
    using Core = std::unique_ptr<ConnectionCore>;
    using Transport = std::unique_ptr<QAmqpTransport>;

    // Goes on by itself in the event loop of this thread; where none will, it is waited for.
    static void begin(Core core, Transport transport);
    // Waits for it, as long as the transport can, and gives both back: their objects are still there.
    static void finish(Core &core, Transport &transport);

    char *receiveBuffer(qsizetype *size) override { return m_core->receiveBuffer(size); }
    void received(qsizetype bytes) override;
    void reached(const QString &, bool, const QList<QAmqpError> &) override { }
    void opened() override { }
    void lost(const QAmqpError &reason) override { m_lost = reason; }
    void sslErrors(const QList<QSslError> &) override { }
    void turn() override;
    void ending() override;

private:
    Farewell(Core core, Transport transport);
    void start();
    bool isOver() const;
    void readEvents();
    void wait();

    Core m_core;
    Transport m_transport;
    const qint64 m_process;
    bool m_keepsEvents = false; // for the objects, which are still there, as the channels are
    EventQueue m_events; // kept
    std::optional<QAmqpError> m_lost;
    std::shared_ptr<Farewell> m_self; // while it goes on by itself
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
