// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_QUESTION_H
#define QTAMQP_PROTOCOL_QUESTION_H

// What a session asks the application's own functions: a provider or responder of credentials, a tuner
// of the heartbeat. They are called outside of the core, by whoever takes the event, since they may take
// their time in an event loop of their own, publish, or end the session that asks. What they throw is
// told, not thrown on.

#include <QtAmqp/qamqpconnectionoptions.h>

#include <memory>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

struct Question
{
    enum class Topic : quint8 { Login, Challenge, Heartbeat, Secret };

    void ask(); // calls the application's function

    Topic topic = Topic::Login;
    QByteArray asked = {}; // the mechanisms that are offered, or the challenge

    // The answer.
    QAmqpCredentials credentials = {}; // at first those that are asked
    QAmqpConnectionOptions::HeartbeatTuner tuner = {};
    std::chrono::seconds heartbeat{0}; // at first the proposal
    QByteArray response = {}; // or the new secret
    QString problem = {}; // why there is none
    bool isProvided = false; // the credentials are there, whatever became of the response

private:
    void provide();
};
using QuestionPointer = std::shared_ptr<Question>;

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
