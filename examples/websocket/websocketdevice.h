// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef WEBSOCKETDEVICE_H
#define WEBSOCKETDEVICE_H

// A QWebSocket as a QIODevice. Its stream of bytes is the content of all binary messages, one after the
// other.

#include <QtCore/QIODevice>
#include <QtWebSockets/QWebSocket>

#include <memory>

class WebSocketDevice : public QIODevice
{
    Q_OBJECT
public:
    explicit WebSocketDevice(std::unique_ptr<QWebSocket> socket) : m_socket(std::move(socket))
    {
        QWebSocket *const s = m_socket.get();
        connect(s, &QWebSocket::connected, this, [this] { begin(); });
        connect(s, &QWebSocket::disconnected, this, &WebSocketDevice::disconnected);
        connect(s, &QWebSocket::bytesWritten, this, &WebSocketDevice::bytesWritten);
        connect(s, &QWebSocket::binaryMessageReceived, this, [this](const QByteArray &message) {
            m_in += message;
            Q_EMIT readyRead();
        });
        // The signal was called error() before Qt 6.5.
        connect(s, qOverload<QAbstractSocket::SocketError>(&QWebSocket::error), this, [this] {
            setErrorString(m_socket->errorString());
            Q_EMIT errorOccurred();
        });
        if (s->isValid()) // the socket of a server is connected already
            begin();
    }

    bool isSequential() const override { return true; }
    qint64 bytesAvailable() const override { return m_in.size() + QIODevice::bytesAvailable(); }
    qint64 bytesToWrite() const override { return m_socket->bytesToWrite(); }
    void close() override
    {
        m_socket->close();
        QIODevice::close();
    }

Q_SIGNALS:
    void connected();
    void disconnected();
    void errorOccurred();

protected:
    qint64 readData(char *data, qint64 size) override
    {
        const qsizetype taken = qMin<qsizetype>(m_in.size(), size);
        std::copy_n(m_in.constData(), taken, data);
        m_in.remove(0, taken);
        return taken;
    }
    qint64 writeData(const char *data, qint64 size) override
    {
        return m_socket->sendBinaryMessage(QByteArray(data, size)) > 0 ? size : -1;
    }

private:
    void begin()
    {
        open(QIODevice::ReadWrite | QIODevice::Unbuffered);
        Q_EMIT connected();
    }

    std::unique_ptr<QWebSocket> m_socket;
    QByteArray m_in;
};

#endif
