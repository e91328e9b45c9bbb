// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What is told of entities that are not declared again, or not yet.

#include "protocol/replay.h"

#include "codec/dispatch.h"
#include "values/errorkinds.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

QString Replay::nameOf(const Topology::Entity &entity) const
{
    switch (entity.kind) {
    case Topology::Kind::Exchange: return formatted(u"exchange \"%1\"", entity.name);
    case Topology::Kind::Queue: return formatted(u"queue \"%1\"", entity.name);
    default:
        return formatted(u"the binding of \"%1\" to exchange \"%2\"", entity.name, entity.source);
    }
}

// The error of one entity, as it is reported.
static QAmqpError entityError(const QString &what, const Topology::Entity &entity,
                              const QAmqpError &error)
{
    return operationError(error.kind(), error.origin(), u"%1: %2", what, error.text())
            .setReply(error.replyCode(), error.replyText())
            .setMethod(methodName(entity.method))
            .setCause(error);
}

QString Replay::failureOf(const Step &step, const Topology::Entity &entity, bool isFinal) const
{
    if (entity.isForeign || step.until != MissingQueue::Until::IsThere
        || (!m_declares && step.kind == Topology::Kind::Queue))
        return isFinal
                ? formatted(u"the consumers of queue \"%1\" were not started again", entity.name)
                : formatted(
                        u"the consumers of queue \"%1\" could not be started again yet, and wait",
                        entity.name);
    return isFinal ? formatted(u"%1 was not declared again", nameOf(entity))
                   : formatted(u"%1 could not be declared again yet, and is tried further",
                               nameOf(entity));
}

void Replay::skip(Step &step, const QAmqpError &error)
{
    setState(step, State::Done);
    m_sendable = true; // what waited for it waits no more
    step.refusal = error;
    const Topology::Entity *const entity = m_session.topology.find(step.entity);
    if (!entity)
        return;
    const QAmqpError failure = entityError(failureOf(step, *entity, true), *entity, error);
    if (!std::exchange(step.isSkipped, true))
        m_session.log->add(qtAmqpConnection(), QtWarningMsg, failure.text());
    if (entity->kind == Topology::Kind::Queue
        && (step.isPutOff || std::exchange(step.isAwaited, false))) {
        if (error.replyCode() == int(ReplyCode::PreconditionFailed)) // another one is there
            m_returned.push_back(entity->name);
        else
            m_lost.push_back({entity->name, failure});
    }
}

QList<QAmqpError> Replay::skipped() const
{
    QList<QAmqpError> errors;
    for (const Step &step : m_steps) {
        const Topology::Entity *const entity = m_session.topology.find(step.entity);
        if (step.isSkipped && entity)
            errors.append(entityError(failureOf(step, *entity, true), *entity, step.refusal));
    }
    return errors;
}

QList<QAmqpError> Replay::pending() const
{
    QList<QAmqpError> errors;
    for (const Step &step : m_steps) {
        const Topology::Entity *const entity = m_session.topology.find(step.entity);
        if (step.isPutOff && step.state != State::Done && entity
            && step.kind != Topology::Kind::QueueBinding)
            errors.append(entityError(failureOf(step, *entity, false), *entity, step.refusal));
    }
    return errors;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
