// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_DEVICESOURCE_H
#define QTAMQP_API_DEVICESOURCE_H

// A device of the application from which the body of a message is sent. It is read in turns of the engine; when it
// has nothing to read, its signals ask for the next turn.

#include "protocol/bodysource.h"

#include <QtCore/qiodevice.h>
#include <QtCore/qpointer.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class Engine;

class DeviceSource final
    : public QObject
    , public BodySource
{
public:
    DeviceSource(QIODevice *device, std::weak_ptr<Engine> engine);

    qint64 read(char *to, qint64 most) override;
    QString error() const override { return m_error; }

private:
    void wake();
    qint64 fail(const QString &error);

    const QPointer<QIODevice> m_device;
    const std::weak_ptr<Engine> m_engine;
    QString m_error;
    bool m_isWaiting = false; // there was nothing to read
    bool m_isFinished = false; // nothing comes behind what can be read now
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
