#include "values/errorkinds.h"

QT_BEGIN_NAMESPACE

QAmqpError::Kind QtAmqpPrivate::kindOfReplyCode(int code)
{
    using Kind = QAmqpError::Kind;
    switch (code) {
    case 311: // content-too-large
    case 506: // resource-error
        return Kind::LimitExceeded;
    case 312: // no-route
    case 313: // no-consumers
        return Kind::Unroutable;
    case 403: return Kind::AccessRefused;
    case 404: return Kind::NotFound;
    case 405: return Kind::ResourceLocked;
    case 406: return Kind::PreconditionFailed;
    case 501: // frame-error
    case 502: // syntax-error
    case 503: // command-invalid
    case 504: // channel-error
    case 505: // unexpected-frame
        return Kind::ProtocolViolation;
    // 320 connection-forced, 402 invalid-path, 530 not-allowed, 540 not-implemented, 541
    // internal-error, and whatever a broker may invent.
    default: return Kind::ClosedByBroker;
    }
}

QT_END_NAMESPACE
