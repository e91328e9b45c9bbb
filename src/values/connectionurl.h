// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_CONNECTIONURL_H
#define QTAMQP_VALUES_CONNECTIONURL_H

#include <QtAmqp/qamqpconnectionoptions.h>

#include <functional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// Sets in options what an amqp or amqps URL says and returns what is wrong with the URL, or nothing;
// then the options are of no use. The text returned quotes a query key at most: any other part of a
// URL that was put together wrongly may be a piece of a password.
QString readConnectionUrl(const QString &url, QAmqpConnectionOptions &options);

// A key of the URL's query.
struct UrlKey
{
    QLatin1StringView name;
    const char *setter; // what it sets in QAmqpConnectionOptions
    QString form; // what its value must be
    std::function<bool(QAmqpConnectionOptions &, const QString &)> read; // false: it is not that
    bool isTlsOnly = false;
};
const QList<UrlKey> &urlKeys();

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
