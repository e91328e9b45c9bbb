// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_TRANSITIONS_H
#define QTAMQP_PROTOCOL_TRANSITIONS_H

// The two state machines, as tables. A row is (state, cause, next state); a cause is a method that
// arrived or something of our own. A pair that has no row cannot happen: from the peer it is a
// protocol error, from the application misuse. Nothing else in the library decides what may come when.

#include "codec/methods.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

enum class ConnectionState : quint8 {
    Idle,
    Waiting, // an attempt to connect failed, another one follows
    Connecting,
    HeaderSent,
    Starting,
    Opening,
    Open,
    Closing,
    Closed
};
enum class ChannelState : quint8 { Closed, Opening, Open, Closing };

// Causes that are not methods; no class has number 0, so they cannot collide with one.
namespace Cause {
enum : quint32 {
    OpenCommand = 1, // the application wants it open
    TransportOpened,
    AttemptFailed, // but there is another host, or another time
    CloseSent, // our own close method went out
    Ended, // the transport is lost, the application aborted, or we gave up
};
}

template<typename State>
struct Transition
{
    State from;
    quint32 cause;
    State to;
};

// clang-format off
namespace ConnectionTable {
using enum ConnectionState;
inline constexpr Transition<ConnectionState> rows[] = {
        {Idle,       Cause::OpenCommand,                  Connecting},
        {Waiting,    Cause::OpenCommand,                  Connecting},
        {Connecting, Cause::TransportOpened,              HeaderSent},
        {HeaderSent, ConnectionStart::info.id(),          Starting  },
        {Starting,   ConnectionSecure::info.id(),         Starting  },
        {Starting,   ConnectionTune::info.id(),           Opening   },
        {Opening,    ConnectionOpenOk::info.id(),         Open      },
        {Open,       ConnectionBlocked::info.id(),        Open      },
        {Open,       ConnectionUnblocked::info.id(),      Open      },
        {Open,       ConnectionUpdateSecretOk::info.id(), Open      },
        {Open,       Cause::CloseSent,                    Closing   },
        {Closing,    ConnectionCloseOk::info.id(),        Closed    },
        {HeaderSent, ConnectionClose::info.id(),          Waiting   },
        {Starting,   ConnectionClose::info.id(),          Waiting   },
        {Opening,    ConnectionClose::info.id(),          Waiting   },
        {Open,       ConnectionClose::info.id(),          Closed    },
        {Closing,    ConnectionClose::info.id(),          Closed    },
        {Connecting, Cause::AttemptFailed,                Waiting   },
        {HeaderSent, Cause::AttemptFailed,                Waiting   },
        {Starting,   Cause::AttemptFailed,                Waiting   },
        {Opening,    Cause::AttemptFailed,                Waiting   },
        {Idle,       Cause::Ended,                        Closed    },
        {Waiting,    Cause::Ended,                        Closed    },
        {Connecting, Cause::Ended,                        Closed    },
        {HeaderSent, Cause::Ended,                        Closed    },
        {Starting,   Cause::Ended,                        Closed    },
        {Opening,    Cause::Ended,                        Closed    },
        {Open,       Cause::Ended,                        Closed    },
        {Closing,    Cause::Ended,                        Closed    },
};
} // namespace ConnectionTable

namespace ChannelTable {
using enum ChannelState;
inline constexpr Transition<ChannelState> rows[] = {
        {Closed,  Cause::OpenCommand,           Opening},
        {Opening, ChannelOpenOk::info.id(),     Open   },
        {Opening, Cause::CloseSent,             Closing},
        {Open,    Cause::CloseSent,             Closing},
        {Opening, ChannelClose::info.id(),      Closed },
        {Open,    ChannelClose::info.id(),      Closed },
        {Closing, ChannelClose::info.id(),      Closing},
        {Closing, ChannelCloseOk::info.id(),    Closed },
        {Opening, Cause::Ended,                 Closed },
        {Open,    Cause::Ended,                 Closed },
        {Closing, Cause::Ended,                 Closed },
        {Open,    ChannelFlow::info.id(),       Open   },
        {Open,    ChannelFlowOk::info.id(),     Open   },
        {Open,    ExchangeDeclareOk::info.id(), Open   },
        {Open,    ExchangeDeleteOk::info.id(),  Open   },
        {Open,    ExchangeBindOk::info.id(),    Open   },
        {Open,    ExchangeUnbindOk::info.id(),  Open   },
        {Open,    QueueDeclareOk::info.id(),    Open   },
        {Open,    QueueBindOk::info.id(),       Open   },
        {Open,    QueueUnbindOk::info.id(),     Open   },
        {Open,    QueuePurgeOk::info.id(),      Open   },
        {Open,    QueueDeleteOk::info.id(),     Open   },
        {Open,    BasicQosOk::info.id(),        Open   },
        {Open,    BasicConsumeOk::info.id(),    Open   },
        {Open,    BasicCancel::info.id(),       Open   },
        {Open,    BasicCancelOk::info.id(),     Open   },
        {Open,    BasicReturn::info.id(),       Open   },
        {Open,    BasicDeliver::info.id(),      Open   },
        {Open,    BasicGetOk::info.id(),        Open   },
        {Open,    BasicGetEmpty::info.id(),     Open   },
        {Open,    BasicAck::info.id(),          Open   },
        {Open,    BasicNack::info.id(),         Open   },
        {Open,    BasicRecoverOk::info.id(),    Open   },
        {Open,    ConfirmSelectOk::info.id(),   Open   },
        {Open,    TxSelectOk::info.id(),        Open   },
        {Open,    TxCommitOk::info.id(),        Open   },
        {Open,    TxRollbackOk::info.id(),      Open   },
};
} // namespace ChannelTable
// clang-format on

// The next state, or null if there is no row.
template<typename State, std::size_t N>
constexpr const State *findTransition(const Transition<State> (&rows)[N], State from, quint32 cause)
{
    for (const auto &row : rows) {
        if (row.from == from && row.cause == cause)
            return &row.to;
    }
    return nullptr;
}

const char *stateName(ConnectionState state);
const char *stateName(ChannelState state);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
