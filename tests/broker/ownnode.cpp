// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "ownnode.h"

#include <QtCore/qfile.h>

namespace BrokerTest {

using namespace Qt::StringLiterals;

namespace {

QString nodeScript() { return u"" QTAMQP_SOURCE_DIR "/tests/broker/node.sh"_s; }

} // namespace

// The same folder each time, where the next run finds and ends what a crash left.
OwnNodes::OwnNodes(int count)
    : m_folder(QCoreApplication::applicationDirPath() + u"/nodes-%1"_s.arg(count))
{
    m_areRunning = outputOf(nodeScript(), {u"own"_s, m_folder, QString::number(count)}).has_value();
}

OwnNodes::~OwnNodes() { outputOf(nodeScript(), {u"stop"_s, m_folder}); }

QAmqpHost OwnNodes::host(int index) const
{
    QFile file(folder(index) + u"/port"_s);
    if (!file.open(QIODevice::ReadOnly))
        qFatal("%s has no port", qPrintable(folder(index)));
    return {u"127.0.0.1"_s, file.readAll().trimmed().toUShort()};
}

QString OwnNodes::url() const { return u"amqp://guest:guest@127.0.0.1:%1"_s.arg(host().port); }

QAmqpConnectionOptions OwnNodes::options() const { return QAmqpConnectionOptions::fromUrl(url()); }

bool OwnNodes::kill(int index) { return script(u"kill"_s, index); }
bool OwnNodes::restart(int index) { return script(u"restart"_s, index); }

bool OwnNodes::ctl(const QStringList &arguments) const
{
    return outputOf(folder(0) + u"/ctl"_s, arguments).has_value();
}

bool OwnNodes::script(const QString &command, int index) const
{
    return outputOf(nodeScript(), {command, folder(index)}).has_value();
}

QString OwnNodes::folder(int index) const { return m_folder + u"/%1"_s.arg(index + 1); }

} // namespace BrokerTest
