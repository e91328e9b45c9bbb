// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "qamqpquickbound.h"

#include "qamqpquickvalues.h"

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;

void QAmqpQuickBound::setBindings(const QVariantList &bindings)
{
    if (m_bindings == bindings)
        return;
    m_bindings = bindings;
    Q_EMIT bindingsChanged();
    if (m_wrong || hasFailed())
        restart(); // the bindings may be correct now
    else if (channel() && !m_waits && !std::exchange(m_rebindWanted, true))
        QMetaObject::invokeMethod(this, &QAmqpQuickBound::bindIfDeclared, Qt::QueuedConnection);
}

void QAmqpQuickBound::setUp(QAmqpChannel *)
{
    m_bound.clear();
    m_wrong = false;
    m_waits = true;
    m_rebindWanted = false;
    expect();
    bindIfDeclared();
}

void QAmqpQuickBound::stop()
{
    QAmqpQuickObject::stop();
    m_waits = false;
    m_rebindWanted = false;
}

void QAmqpQuickBound::connectionFound()
{
    connect(connection(), &QAmqpQuickConnection::declared, this, &QAmqpQuickBound::bindIfDeclared);
}

// Makes the bindings when all exchanges are declared. An object that has failed meanwhile is not bound. A
// later change of the bindings waits for the end of the turn: by then it is known whether an exchange got
// another name in the same turn, and has to be declared first.
void QAmqpQuickBound::bindIfDeclared()
{
    if (!channel() || (!m_waits && !m_rebindWanted) || hasFailed() || connection()->isDeclaring())
        return;
    m_rebindWanted = false;
    const bool isFirst = std::exchange(m_waits, false);
    rebind();
    if (!isFirst || !channel())
        return; // the handler of an error may have ended the channel
    const QPointer<QAmqpChannel> alive = channel();
    bindingsMade();
    if (alive)
        arrived();
}

QList<QAmqpQuickBound::Binding> QAmqpQuickBound::wantedBindings()
{
    QList<Binding> wanted;
    for (const QVariant &entry : std::as_const(m_bindings)) {
        const QVariantMap map = entry.toMap();
        Binding binding{map.value(u"exchange"_s).toString(), map.value(u"routingKey"_s).toString(),
                        QtAmqpQuick::tableFromJs(map.value(u"arguments"_s).toMap())};
        if (binding.exchange.isEmpty())
            m_wrong = true;
        else if (!wanted.contains(binding))
            wanted.append(std::move(binding));
    }
    if (m_wrong)
        fail(invalid(tr("each of bindings is an object with the name of an exchange, such as "
                        "{ exchange: \"logs\", routingKey: \"error.#\" }")));
    return wanted;
}

// New bindings are made before old ones are removed, so that no message is missed.
void QAmqpQuickBound::rebind()
{
    const QList<Binding> wanted = wantedBindings();
    if (!channel())
        return; // the handler of an error has ended the channel
    const QList<Binding> before = std::exchange(m_bound, wanted);
    const auto expectAnswer = [this](const QFuture<void> &future) {
        expect();
        watch(
                future, [this] { arrived(); },
                [this](const QAmqpError &error) {
                    m_wrong = true;
                    refused(error);
                });
    };
    for (const Binding &binding : wanted) {
        if (!before.contains(binding) && channel())
            expectAnswer(bind(binding));
    }
    for (const Binding &binding : before) {
        if (!wanted.contains(binding) && channel())
            expectAnswer(unbind(binding));
    }
}

QT_END_NAMESPACE
