// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_QUESTION_H
#define QTAMQP_PROTOCOL_QUESTION_H

// What a session asks the application's own functions: a provider or responder of credentials, or a tuner
// of the heartbeat. Whoever takes the event Asked calls them, outside of the core, since they may run an
// event loop, publish, or end the session that asks. An exception that they throw is caught and becomes the
// `problem` of the answer.

#include <QtAmqp/qamqpconnectionoptions.h>

#include <memory>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

struct Question
{
    enum class Topic : quint8 { Login, Challenge, Heartbeat, Secret, Recovery };

    void ask(); // calls the application's function

    Topic topic = Topic::Login;
    QByteArray asked = {}; // the mechanisms that the broker offers, or its challenge

    // The answer. Before ask() it holds the credentials and the tuner to be asked, and the broker's proposal.
    QAmqpCredentials credentials = {};
    QAmqpConnectionOptions::HeartbeatTuner tuner = {};
    std::chrono::seconds heartbeat{0};
    QAmqpConnectionOptions::RecoveryFilter filter = {}; // is asked for each of the steps
    QList<QAmqpRecoveryStep> steps = {};
    QList<bool> wanted = {};
    QByteArray response = {}; // to the login or challenge, or the new secret
    QString problem = {}; // why there is no response
    bool isProvided = false; // the credentials are known, even if they gave no response

private:
    void provide();
};
using QuestionPointer = std::shared_ptr<Question>;

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
