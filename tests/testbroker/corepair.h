// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_COREPAIR_H
#define QTAMQP_TESTS_COREPAIR_H

// A whole client and a whole broker in one thread, without a socket or a loop, on a clock that the test moves. The
// wire between them keeps the order of the bytes in each direction. It may hand them on in pieces, and may be cut
// after any byte in either direction, after which another connection can be made: of the same client, which may
// have asked for it, or of a new one.

#include "protocol/connectioncore.h"
#include "testbroker/connection.h"

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

namespace QtAmqpTest {

using namespace QtAmqpPrivate;
using namespace std::chrono_literals;

class CorePair
{
public:
    explicit CorePair(const Broker::BrokerSettings &settings = {}, quint32 seed = 1,
                      const QAmqpConnectionOptions &clientOptions = {})
        : broker(settings, now, 1'700'000'000, seed), options(clientOptions)
    {
        makeClient();
    }
    Q_DISABLE_COPY_MOVE(CorePair)

    // Another client takes the place of the present one.
    void makeClient()
    {
        cut();
        client = std::make_unique<ConnectionCore>(options);
    }

    // The client wants to be connected, and is.
    void open()
    {
        client->open(now);
        turn();
        connect();
    }

    // A new link between the two; the bytes on it are counted from 0.
    void connect()
    {
        cut();
        toBroker = toClient = {};
        link = broker.accept({}, now);
        client->transportOpened(now);
        turn();
    }

    // The link ends, and what was on its way is lost; both sides notice.
    void cut()
    {
        loseClientsEnd();
        loseBrokersEnd();
    }

    // Carries bytes until both sides have said all they have to say.
    void run()
    {
        do {
            turn();
            if (reconnects && !link && client->state() == ConnectionState::Connecting)
                connect();
        } while (exchange());
    }

    // Time passes, with a turn at each deadline of either side.
    void pass(std::chrono::milliseconds duration)
    {
        const TimePoint until = now + duration;
        run();
        for (auto next = nextTimeout(); next && *next <= until; next = nextTimeout()) {
            now = std::max(now, *next);
            broker.timeout(now);
            run();
        }
        now = until;
        run();
    }

    std::optional<TimePoint> nextTimeout() const
    {
        return earlier(client->nextTimeout(), broker.nextTimeout());
    }

    // The client's end, as its world does it: events, then output.
    void turn()
    {
        client->timeout(now);
        while (const auto event = client->nextEvent())
            report(*event);
        for (QByteArray block = client->takeOutput(); !block.isEmpty();
             block = client->takeOutput())
            toBroker.bytes += block;
        client->turnEnded(now);
        while (!client->log().isEmpty())
            client->log().take();
    }

    bool isConnected() const { return link != nullptr; }

    // The broker notices at last which links it has lost.
    void brokerLooks()
    {
        for (Broker::Connection *const lost : std::exchange(m_unnoticed, {})) {
            lost->lost(now);
            broker.forget(lost);
        }
    }

    struct Direction
    {
        QByteArray bytes; // on their way
        qint64 passed = 0;
    };

    TimePoint now = TimePoint(1000h);
    Broker::BrokerCore broker;
    QAmqpConnectionOptions options;
    std::unique_ptr<ConnectionCore> client;
    Broker::Connection *link = nullptr;
    Direction toBroker;
    Direction toClient;
    // After how many bytes of a link it is cut.
    std::optional<qint64> cutToBroker;
    std::optional<qint64> cutToClient;
    bool answersBeforeCut =
            false; // what the broker has to say to what arrived still reaches the client
    bool reconnects = false; // the client gets a link whenever it wants one
    bool brokerNotices = true; // else the broker takes a link for alive that the client has lost
    std::function<void()> onCut;
    // How many of the bytes on their way arrive together; all, unless it is set.
    std::function<qsizetype(qsizetype)> pieceSize;
    std::function<void(const Event &)> onEvent;
    // Sees what the broker is about to get, and what it has written.
    std::function<void(QByteArrayView)> onBrokerInput;
    std::function<void(QByteArrayView)> onBrokerOutput;

private:
    void report(const Event &event)
    {
        if (const auto *asked = std::get_if<Asked>(&event)) {
            asked->question->ask();
            return client->answered(asked->question);
        }
        if (std::holds_alternative<AttemptFailed>(event) || std::holds_alternative<LinkLost>(event))
            loseBrokersEnd(); // the client has let go of its end
        if (const auto *ready = std::get_if<ReadyToClose>(&event)) {
            if (ready->channel == 0)
                client->finishClose();
            else if (ChannelCore *channel = client->channel(ready->channel))
                channel->finishClose();
        }
        if (onEvent)
            onEvent(event);
    }

    void loseClientsEnd()
    {
        if (link && client && client->state() != ConnectionState::Closed) {
            client->transportLost(
                    QAmqpError(QAmqpError::Kind::ConnectionLost, QAmqpError::Scope::Connection,
                               QAmqpError::Origin::Transport, QStringLiteral("the link is gone")));
            turn();
        }
    }

    void loseBrokersEnd()
    {
        toBroker.bytes.clear();
        toClient.bytes.clear();
        if (Broker::Connection *const lost = std::exchange(link, nullptr)) {
            m_unnoticed.push_back(lost);
            if (brokerNotices)
                brokerLooks();
        }
    }

    // How much of the bytes may pass at once; none is the cut.
    qsizetype passing(const Direction &direction, const std::optional<qint64> &cut) const
    {
        qsizetype size = direction.bytes.size();
        if (cut)
            size = qsizetype(std::min<qint64>(size, *cut - direction.passed));
        return pieceSize && size > 1 ? std::clamp<qsizetype>(pieceSize(size), 1, size) : size;
    }
    static QByteArray take(Direction &direction, qsizetype size)
    {
        const QByteArray part = direction.bytes.first(size);
        direction.bytes.remove(0, size);
        direction.passed += size;
        return part;
    }
    bool isCutNow() const
    {
        return (cutToBroker && toBroker.passed >= *cutToBroker)
                || (cutToClient && toClient.passed >= *cutToClient);
    }

    bool hasAnswers() const { return link->outputSize() > 0 || !toClient.bytes.isEmpty(); }

    // One piece in each direction; false if there was none.
    bool exchange()
    {
        if (!link)
            return false;
        if (isCutNow() && !(answersBeforeCut && hasAnswers())) {
            if (onCut)
                onCut();
            cut();
            return true;
        }
        bool any = false;
        const bool mayPass = !cutToBroker || toBroker.passed < *cutToBroker;
        if (!toBroker.bytes.isEmpty() && link->wantsInput() && mayPass) {
            qsizetype room = 0;
            char *const to = link->receiveBuffer(&room);
            const QByteArray part = take(toBroker, std::min(room, passing(toBroker, cutToBroker)));
            if (onBrokerInput)
                onBrokerInput(part);
            std::memcpy(to, part.constData(), size_t(part.size()));
            link->received(part.size(), now);
            any = true;
        }
        broker.takeReady();
        for (QByteArray block = link->takeOutput(); !block.isEmpty(); block = link->takeOutput()) {
            if (onBrokerOutput)
                onBrokerOutput(block);
            toClient.bytes += block;
            any = true;
        }
        if (!toClient.bytes.isEmpty() && client->state() != ConnectionState::Closed) {
            client->receive(take(toClient, passing(toClient, cutToClient)), now);
            any = true;
        } else if (toClient.bytes.isEmpty() || client->state() == ConnectionState::Closed) {
            endIfOver();
        }
        return any;
    }

    std::vector<Broker::Connection *> m_unnoticed; // the links that the broker takes for alive

    // The broker closes its end, or the client has closed its own.
    void endIfOver()
    {
        if (!link)
            return;
        if (client->state() == ConnectionState::Closed && toBroker.bytes.isEmpty()) {
            loseBrokersEnd();
        } else if (link->end() != Broker::Connection::End::None && link->outputSize() == 0) {
            loseClientsEnd();
            if (link && link->end() != Broker::Connection::End::HalfClose)
                loseBrokersEnd();
        }
    }
};

} // namespace QtAmqpTest

#endif
