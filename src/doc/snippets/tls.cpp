// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The pieces of code of the page "TLS and authentication" (\snippet). The tests compile them.

#include <QtAmqp/QtAmqp>

using namespace Qt::StringLiterals;

QAmqpConnectionOptions mutualTls()
{
    //! [tls]
    return QAmqpConnectionOptions()
            .setHostName(u"broker.example"_s)
            .setTlsEnabled(true)
            .setCaCertificateFile(u"ca.pem"_s)
            .setCertificateFile(u"client.pem"_s)
            .setPrivateKeyFile(u"client.key"_s)
            .setCredentials(QAmqpCredentials::external());
    //! [tls]
}

// A program's own; what it holds was fetched before it is asked for.
class Vault
{
public:
    QAmqpToken current() const { return m_token; }

private:
    QAmqpToken m_token;
};

QAmqpConnectionOptions tokens(const Vault *vault)
{
    //! [token]
    return QAmqpConnectionOptions()
            .setHostName(u"broker.example"_s)
            .setTlsEnabled(true)
            .setCredentials(QAmqpCredentials::token([vault] { return vault->current(); }));
    //! [token]
}
