// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The transport on a plain TCP socket, which Qt does not buffer: every byte in order, the end in each state, and
// little memory for what the peer does not read.

#include "apitest.h"

#include "transport/sockettransport.h"
#include "transport/transportclient.h"

#include <QtCore/qrandom.h>
#include <QtNetwork/qnetworkproxy.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

// Notes what the transport reports, in order, and has room for as many bytes as the test says.
class Client final : public QAmqpTransportClient
{
public:
    char *receiveBuffer(qsizetype *size) override
    {
        *size = hasBacklog ? 0 : room ? room() : 0;
        memory.resize(*size);
        return *size > 0 ? memory.data() : nullptr;
    }
    void received(qsizetype bytes) override
    {
        hasBacklog = true;
        data += memory.first(bytes);
    }
    void reached(const QString &, bool, const QList<QAmqpError> &) override { }
    void opened() override { ++opens; }
    void lost(const QAmqpError &reason) override
    {
        losses.append(reason);
        dataAtLoss = data.size();
    }
    void sslErrors(const QList<QSslError> &) override { }
    void turn() override
    {
        ++turns;
        hasBacklog = false;
    }
    void ending() override { }

    std::function<qsizetype()> room = [] { return 4096; };
    QByteArray memory;
    QByteArray data;
    bool hasBacklog = false;
    int opens = 0;
    int turns = 0;
    QList<QAmqpError> losses;
    qsizetype dataAtLoss = 0;
};

QByteArray randomBytes(qsizetype size, quint32 seed)
{
    QByteArray bytes(size, Qt::Uninitialized);
    QRandomGenerator random(seed);
    for (char &byte : bytes)
        byte = char(random.generate());
    return bytes;
}

} // namespace

class TestSocketTransport : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void everyByteArrivesInOrder();
    void everyByteIsSentInOrder();
    void waitingReadsWithoutALoop();
    void whatCameBeforeTheEndIsReceivedFirst();
    void theEndIsNoticedWhenReadingGoesOn();
    void theEndIsNoticedWhileNothingMayBeRead();
    void aResetIsNoticedByWriting();
    void aResetIsNoticedWhileTheSocketIsFull();
    void theSocketTakesNoMoreThanItNeeds();

private:
    QAmqpError lossOf() const
    {
        return m_client->losses.size() == 1 ? m_client->losses.constFirst() : QAmqpError();
    }
    // The peer's descriptor, on which nothing happens but what the test does.
    void reset()
    {
        const linger atOnce{1, 0};
        ::setsockopt(m_peer, SOL_SOCKET, SO_LINGER, &atOnce, sizeof atOnce);
        ::close(std::exchange(m_peer, -1));
    }
    bool send(const QByteArray &bytes)
    {
        return ::send(m_peer, bytes.constData(), size_t(bytes.size()), MSG_NOSIGNAL)
                == bytes.size();
    }

    std::shared_ptr<Client> m_client;
    std::unique_ptr<SocketTransport> m_transport;
    int m_peer = -1;
};

void TestSocketTransport::init()
{
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    QVERIFY(::bind(listener, reinterpret_cast<sockaddr *>(&address), size) == 0);
    QVERIFY(::getsockname(listener, reinterpret_cast<sockaddr *>(&address), &size) == 0);
    QVERIFY(::listen(listener, 1) == 0);

    m_client = std::make_shared<Client>();
    m_transport = std::make_unique<SocketTransport>();
    m_transport->setClient(m_client);
    QAmqpEndpoint endpoint;
    endpoint.hostName = u"127.0.0.1"_s;
    endpoint.port = ntohs(address.sin_port);
    endpoint.proxy = QNetworkProxy::NoProxy;
    m_transport->open(endpoint);
    m_peer = ::accept(listener, nullptr, nullptr);
    ::close(listener);
    const timeval patience{Patience / 1000, 0};
    ::setsockopt(m_peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    QVERIFY(eventually([&] { return m_client->opens == 1; }));
}

void TestSocketTransport::cleanup()
{
    m_transport.reset();
    if (m_peer >= 0)
        ::close(std::exchange(m_peer, -1));
}

// The pieces that are sent and the room for them have nothing to do with each other, and sometimes there is none.
void TestSocketTransport::everyByteArrivesInOrder()
{
    QRandomGenerator random(1);
    m_client->room = [&random] { return random.bounded(3) ? 1 + random.bounded(3000) : 0; };
    const QByteArray all = randomBytes(500'000, 2);
    for (qsizetype at = 0; at < all.size();) {
        const qsizetype size = std::min<qsizetype>(1 + random.bounded(9000), all.size() - at);
        QVERIFY(send(all.sliced(at, size)));
        at += size;
        if (random.bounded(2))
            QCoreApplication::processEvents();
        m_transport->requestTurn(); // as the engine does when there is room again
    }
    QVERIFY(eventually([&] {
        m_transport->requestTurn();
        return m_client->data.size() == all.size();
    }));
    QVERIFY(m_client->data == all);
    QVERIFY(m_client->losses.isEmpty());
}

void TestSocketTransport::everyByteIsSentInOrder()
{
    const QByteArray all = randomBytes(12'000'000, 3);
    QRandomGenerator random(4);
    for (qsizetype at = 0; at < all.size();) {
        const qsizetype size = std::min<qsizetype>(1 + random.bounded(90'000), all.size() - at);
        m_transport->write(all.sliced(at, size));
        at += size;
        if (random.bounded(2))
            m_transport->flush();
    }
    m_transport->flush();
    QVERIFY(m_transport->bytesToWrite() > 0); // the peer has not read anything yet
    QByteArray arrived;
    QVERIFY(eventually([&] {
        char piece[30'000];
        for (ssize_t got = 1; got > 0; arrived.append(piece, std::max<ssize_t>(got, 0)))
            got = ::recv(m_peer, piece, sizeof piece, MSG_DONTWAIT);
        return arrived.size() == all.size();
    }));
    QVERIFY(arrived == all);
    QCOMPARE(m_transport->bytesToWrite(), 0);
}

// Bytes may come before the wait begins, and behind a read that took all there was.
void TestSocketTransport::waitingReadsWithoutALoop()
{
    QByteArray sent;
    for (int i = 0; i < 5; ++i) {
        const QByteArray bytes = randomBytes(100 + i, quint32(i));
        QVERIFY(send(bytes));
        sent += bytes;
        for (int wait = 0; wait < 100 && m_client->data.size() < sent.size(); ++wait)
            QVERIFY(m_transport->waitForTurn(std::chrono::milliseconds(Patience)));
        QCOMPARE(m_client->data, sent);
    }
}

void TestSocketTransport::whatCameBeforeTheEndIsReceivedFirst()
{
    QVERIFY(send(randomBytes(50'000, 5)));
    ::close(std::exchange(m_peer, -1));
    QVERIFY(eventually([&] { return !m_client->losses.isEmpty(); }));
    QCOMPARE(m_client->dataAtLoss, 50'000);
    QCOMPARE(lossOf().kind(), QAmqpError::Kind::ConnectionLost);
    QCOMPARE(lossOf().socketError(), QAbstractSocket::RemoteHostClosedError);
    QVERIFY2(lossOf().text().endsWith(u"The remote host closed the connection"),
             qPrintable(lossOf().text()));
}

void TestSocketTransport::theEndIsNoticedWhenReadingGoesOn()
{
    m_client->room = {};
    QVERIFY(send("the last words"));
    const int before = m_client->turns;
    QVERIFY(eventually([&] { return m_client->turns > before; }));
    ::close(std::exchange(m_peer, -1));
    for (int i = 0; i < 100; ++i)
        QCoreApplication::processEvents();
    QVERIFY2(m_client->turns <= before + 3, "what cannot be read keeps the event loop busy");
    m_client->room = [] { return 4096; };
    m_transport->requestTurn();
    QVERIFY(eventually([&] { return !m_client->losses.isEmpty(); }));
    QCOMPARE(m_client->data, "the last words"_ba);
    QCOMPARE(lossOf().kind(), QAmqpError::Kind::ConnectionLost);
}

void TestSocketTransport::theEndIsNoticedWhileNothingMayBeRead()
{
    m_client->room = {};
    ::close(std::exchange(m_peer, -1));
    QVERIFY(eventually([&] { return !m_client->losses.isEmpty(); }));
    QCOMPARE(lossOf().kind(), QAmqpError::Kind::ConnectionLost);
}

void TestSocketTransport::aResetIsNoticedByWriting()
{
    m_client->room = {};
    reset();
    m_transport->write("x"_ba.repeated(1000));
    m_transport->flush();
    QVERIFY(eventually([&] { return !m_client->losses.isEmpty(); }));
    QCOMPARE(lossOf().kind(), QAmqpError::Kind::ConnectionLost);
    QCOMPARE(m_transport->bytesToWrite(), 0);
    m_transport->write("y"_ba); // this does no harm
    m_transport->flush();
    m_transport->requestTurn();
    QCoreApplication::processEvents();
    QCOMPARE(m_client->losses.size(), 1);
}

void TestSocketTransport::aResetIsNoticedWhileTheSocketIsFull()
{
    m_client->room = {};
    for (int i = 0; i < 200; ++i)
        m_transport->write(QByteArray(65'536, 'x'));
    m_transport->flush();
    QVERIFY(m_transport->bytesToWrite() > 0);
    reset();
    QVERIFY(eventually([&] { return !m_client->losses.isEmpty(); }));
    QCOMPARE(lossOf().kind(), QAmqpError::Kind::ConnectionLost);
}

// Blocks are shared until the socket takes them. What it has taken and the system has not is a copy.
void TestSocketTransport::theSocketTakesNoMoreThanItNeeds()
{
    std::vector<QByteArray> blocks(300);
    for (QByteArray &block : blocks) {
        block = QByteArray(65'536, 'x');
        m_transport->write(block);
        m_transport->flush();
    }
    qsizetype taken = 0;
    for (const QByteArray &block : blocks)
        taken += block.isDetached() ? block.size() : 0;
    QVERIFY(taken < m_transport->bytesToWrite() + taken);
    std::vector<char> arrived(size_t(taken - 5 * 65'536));
    QVERIFY(arrived.size() > 0);
    QCOMPARE(::recv(m_peer, arrived.data(), arrived.size(), MSG_WAITALL), ssize_t(arrived.size()));
}

QTAMQP_TEST(TestSocketTransport)
#include "tst_sockettransport.moc"
