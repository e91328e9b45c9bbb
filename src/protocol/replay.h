// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_REPLAY_H
#define QTAMQP_PROTOCOL_REPLAY_H

// Declares the topology again on a new link: exchanges, their bindings, queues, and then the bindings of queues, all
// pipelined, on a private channel, so that a refusal costs no channel of the application.
//
// A refusal closes the private channel, and everything behind it was dropped by the broker. What is refused for good
// is skipped and reported. An exclusive queue may still belong to the old link for a while: it is tried again, and
// put off after two seconds, so that it does not hold up the rest. An entity that costs a whole link is blamed, and
// skipped when it has cost two.

#include "protocol/channelcore.h"
#include "protocol/topology.h"

#include <set>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class Replay final : public PrivateUser
{
public:
    explicit Replay(ConnectionContext &session) : m_session(session) { }

    // Begins on a new link. What is left out is not declared later either.
    void begin(const std::vector<quint64> &entities, std::set<quint64> leftOut,
               std::chrono::seconds heartbeat);
    // Without it, nothing is declared at all.
    void setDeclaring(bool declares) { m_declares = declares; }
    // Consumers wait for the queue, which may have been deleted since it was declared.
    bool mayReturn(const QByteArray &queue) const;
    void await(const MissingQueue &queue);
    // The link is lost. If the broker blames a method of which a step is unanswered, that is the guilty one. For an
    // internal error RabbitMQ blames none; it is most likely the oldest one.
    bool linkLost(quint32 guiltyMethod, bool isInternal);
    void stepTimedOut();
    // What was left out on this link because it had cost others is tried once more on the next one.
    void forgive();
    void noChannel(const QAmqpError &error); // there is none to use now

    // Whether something must be done before the channels of the application may open.
    bool isBusy() const { return m_busy > 0; }
    // Whether anything is to be done or to be told now. What is tried again later is not, see nextTimeout().
    bool isActive() const
    {
        return m_channel || m_sendable || !m_returned.empty() || !m_lost.empty();
    }
    bool isAway(const QByteArray &queue) const;
    // Whether what is asked about the queue has to wait for it.
    bool holds(const QByteArray &queue) const;
    // Whether a channel is needed now; it is given by use(), and taken back by release() when that is not null.
    bool wantsChannel() const { return !m_channel && m_sendable; }
    void use(ChannelCore &channel);
    ChannelCore *release();
    void work();
    std::optional<TimePoint> nextTimeout() const { return m_retryAt; }

    // What came of it.
    QList<QAmqpError> skipped() const;
    QList<QAmqpError> pending() const;
    // Reading it clears it.
    QList<QPair<QString, QString>> takeRenamed() { return std::exchange(m_renamed, {}); }
    // Queues for which consumers wait: those that are back, and those that do not come back.
    std::vector<QByteArray> takeReturned() { return std::exchange(m_returned, {}); }
    struct LostQueue
    {
        QByteArray name;
        QAmqpError error;
    };
    std::vector<LostQueue> takeLost() { return std::exchange(m_lost, {}); }

    void answered(const Request &request, const Replied &replied) override;
    void ended(const QAmqpError &error, quint32 guiltyMethod) override;

private:
    enum class State : quint8 { ToDo, Sent, Waiting, Done };
    struct Step
    {
        quint64 entity = 0;
        Topology::Kind kind = Topology::Kind::Exchange;
        State state = State::Done;
        bool isPutOff = false; // nothing waits for it any more
        bool isSkipped = false;
        bool isAwaited = false; // consumers wait for the queue
        bool isPatient = false; // for as long as there are such consumers
        MissingQueue::Until until = MissingQueue::Until::IsThere;
        bool isNameGone = false; // there is no queue of the name that the broker made up
        int tries = 0;
        RequestId request = 0;
        TimePoint refusedSince = {};
        TimePoint retryAt = {};
        QAmqpError refusal = {};
    };

    Step &stepFor(const Topology::Entity &entity);
    void setState(Step &step, State state);
    void putOff(Step &step);
    void count(const Step &step, int sign);
    void wakeSteps();
    QByteArray methodFor(const Step &step, const Topology::Entity &entity) const;
    bool isLookedFor(const Step &step, const Topology::Entity &entity) const;
    QString failureOf(const Step &step, const Topology::Entity &entity, bool isFinal) const;
    const Step *stepOf(const Topology::Entity *entity) const;
    bool isHeld(const Step &step) const;
    bool hasDue() const;
    void refused(Step &step, const QAmqpError &error);
    void tryLater(Step &step, const QAmqpError &error);
    void skip(Step &step, const QAmqpError &error);
    bool isWanted(const Step &step) const;
    static bool isTaken(const Step &step, quint32 consumers);
    void drop(Step &step);
    void declared(Step &step, Topology::Entity &entity, const QByteArray &name);
    Step *oldestSent(quint32 method);
    QString nameOf(const Topology::Entity &entity) const;

    ConnectionContext &m_session;
    ChannelCore *m_channel = nullptr;
    std::vector<Step> m_steps; // in the order in which they are sent
    std::map<quint64, size_t> m_index; // the step of each entity
    std::map<RequestId, size_t> m_sent;
    int m_left = 0; // steps that are not done
    int m_busy = 0; // steps that are to be sent, unanswered, or to be tried again soon
    int m_declaring = 0; // those of them that bindings of queues wait for
    std::optional<TimePoint> m_retryAt; // when the next step is to be tried again
    bool m_sendable = false; // something may have become ready to be sent
    std::chrono::milliseconds m_patience{10'000}; // with what is put off
    QList<QPair<QString, QString>> m_renamed;
    std::vector<QByteArray> m_returned;
    std::vector<LostQueue> m_lost;
    bool m_declares = true;
    std::set<quint64> m_leftOut; // entities that the application does not want
    std::set<quint64> m_quarantined; // entities that are left out because they have cost links
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
