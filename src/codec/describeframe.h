// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_CODEC_DESCRIBEFRAME_H
#define QTAMQP_CODEC_DESCRIBEFRAME_H

#include "codec/frame.h"
#include "values/privateexport.h"

#include <QtCore/qstring.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// Returns what a frame is, for people: its method with the fields, or how long the body is, or becomes. `size` is
// that of the whole payload, of which the frame may have the beginning only.
Q_AMQP_PRIVATE_EXPORT QString describeFrame(const Frame &frame, qsizetype size);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
