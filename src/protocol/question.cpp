// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "protocol/question.h"

#include "values/errorkinds.h"
#include "values/qamqpcredentials_p.h"

#include <exception>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

template<typename Call>
static QString thrownBy(Call call)
{
    try {
        call();
        return {};
    } catch (const std::exception &exception) {
        return formatted(u"it threw \"%1\"", exception.what());
    } catch (...) {
        return QStringLiteral("it threw an exception");
    }
}

void Question::ask()
{
    switch (topic) {
    case Topic::Login:
        provide();
        if (isProvided && asked.split(' ').contains(credentials.mechanism()))
            problem = thrownBy([this] { response = credentials.initialResponse(); });
        break;
    case Topic::Challenge:
        problem = thrownBy([this] { response = credentials.response(asked); });
        break;
    case Topic::Heartbeat: problem = thrownBy([this] { heartbeat = tuner(heartbeat); }); break;
    case Topic::Recovery:
        for (const QAmqpRecoveryStep &step : std::as_const(steps)) {
            bool isWanted = true;
            const QString thrown = thrownBy([&] { isWanted = filter(step); });
            if (problem.isEmpty())
                problem = thrown;
            wanted.append(isWanted);
        }
        break;
    case Topic::Secret:
        provide();
        if (isProvided)
            response = QAmqpCredentialsPrivate::secret(credentials);
        break;
    }
}

void Question::provide()
{
    problem = thrownBy([this] {
        const QAmqpCredentials provider = credentials; // keeps the function alive while it runs
        credentials = provider.provided();
    });
    if (problem.isEmpty())
        problem = credentials.hasProvider() ? QStringLiteral("it returned another provider")
                                            : credentials.errorString();
    isProvided = problem.isEmpty();
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
