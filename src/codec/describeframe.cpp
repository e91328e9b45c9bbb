// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "codec/describeframe.h"

#include "codec/dispatch.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

namespace {

struct Describer
{
    template<typename Method>
    void on(const Method &method)
    {
        text = describe(method);
    }
    QString text;
};

} // namespace

QString describeFrame(const Frame &frame, qsizetype size)
{
    Reader in(frame.payload);
    switch (frame.type) {
    case FrameType::Method: {
        Describer describer;
        const quint32 id = in.read<quint32>();
        dispatch(id, in, describer);
        return describer.text.isEmpty() ? methodName(id) + QStringLiteral(", malformed")
                                        : describer.text;
    }
    case FrameType::Header:
        return QStringLiteral("header of a body of %1 bytes").arg(decodeContentHeader(in).bodySize);
    case FrameType::Body: return QStringLiteral("body, %1 bytes").arg(size);
    case FrameType::Heartbeat: return QStringLiteral("heartbeat");
    }
    return QStringLiteral("unknown");
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
