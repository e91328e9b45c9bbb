// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_TRANSITIONS_H
#define QTAMQP_PROTOCOL_TRANSITIONS_H

// The two state machines, as tables. A row says in which states a cause may come, and which state is next; a
// cause is a method that arrived, or an event on our side. A method without a row is a protocol error of the
// peer. Nothing else in the library decides what may come when.
//
// An end has up to four steps. Draining: what was asked for before is still sent and answered. Drained: all
// of that is done. Closing: our close is sent, and its close-ok is awaited. Lingering: for the application it
// is over, but the last output must still reach the peer. A link therefore goes on reading, since TCP drops
// output on its way when a socket is closed with unread input; a channel's number stays taken.

#include "codec/methods.h"

#include <optional>

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
    Draining,
    Drained,
    Closing,
    Lingering,
    Closed
};
enum class ChannelState : quint8 { Opening, Open, Draining, Drained, Closing, Lingering, Closed };

// Open for the peer, and no close was sent yet.
template<typename State>
constexpr bool isUsable(State state)
{
    return state >= State::Open && state <= State::Drained;
}

// Causes that are not methods; no class has number 0, so they cannot collide with one.
namespace Cause {
enum : quint32 {
    OpenCommand = 1, // the application wants it open
    TransportOpened,
    AttemptFailed, // and another attempt follows
    CloseCommand, // the application wants it closed
    Answered, // everything asked for before that is done
    CloseSent, // our close method was sent, and its answer is awaited
    GivenUp, // our close method was sent, and the application does not wait for the answer
    LinkLost, // and another link follows
    Ended, // the transport is lost, the application aborted, or we gave up
};
}

using States = quint16; // one bit for each

template<typename... State>
constexpr States in(State... states)
{
    return States(((1U << quint8(states)) | ...));
}

template<typename State>
struct Transition
{
    States from;
    quint32 cause;
    std::optional<State> to; // none if the state stays the same
};

// clang-format off
namespace ConnectionTable {
using enum ConnectionState;
inline constexpr States Handshake = in(HeaderSent, Starting, Opening);
inline constexpr States Usable = in(Open, Draining, Drained);
inline constexpr std::nullopt_t Same = std::nullopt;
inline constexpr Transition<ConnectionState> rows[] = {
        {in(Idle, Waiting),             Cause::OpenCommand,                  Connecting},
        {in(Connecting),                Cause::TransportOpened,              HeaderSent},
        {in(HeaderSent),                ConnectionStart::info.id(),          Starting  },
        {in(Starting),                  ConnectionSecure::info.id(),         Same      },
        {in(Starting),                  ConnectionTune::info.id(),           Opening   },
        {in(Opening),                   ConnectionOpenOk::info.id(),         Open      },
        {Usable,                        ConnectionBlocked::info.id(),        Same      },
        {Usable,                        ConnectionUnblocked::info.id(),      Same      },
        {Usable,                        ConnectionUpdateSecretOk::info.id(), Same      },
        {in(Open),                      Cause::CloseCommand,                 Draining  },
        {in(Draining),                  Cause::Answered,                     Drained   },
        {in(Drained),                   Cause::CloseSent,                    Closing   },
        {Usable,                        Cause::GivenUp,                      Lingering },
        {in(Closing, Lingering),        ConnectionCloseOk::info.id(),        Closed    },
        {Handshake,                     ConnectionClose::info.id(),          Waiting   },
        {Usable | in(Closing),          ConnectionClose::info.id(),          Lingering },
        {in(Lingering),                 ConnectionClose::info.id(),          Same      },
        {Handshake | in(Connecting),    Cause::AttemptFailed,                Waiting   },
        {Usable | in(Lingering),        Cause::LinkLost,                     Waiting   },
        {in(Idle, Waiting, Connecting), Cause::Ended,                        Closed    },
        {Handshake | Usable,            Cause::Ended,                        Closed    },
        {in(Closing, Lingering),        Cause::Ended,                        Closed    },
};
} // namespace ConnectionTable

namespace ChannelTable {
using enum ChannelState;
inline constexpr States Usable = in(Open, Draining, Drained);
inline constexpr std::nullopt_t Same = std::nullopt;
inline constexpr Transition<ChannelState> rows[] = {
        {in(Opening),                   ChannelOpenOk::info.id(),     Open     },
        {in(Open),                      Cause::CloseCommand,          Draining },
        {in(Draining),                  Cause::Answered,              Drained  },
        {in(Drained),                   Cause::CloseSent,             Closing  },
        {Usable | in(Opening, Closing), Cause::GivenUp,               Lingering},
        {Usable | in(Opening),          ChannelClose::info.id(),      Closed   },
        {in(Closing, Lingering),        ChannelClose::info.id(),      Same     },
        {in(Closing, Lingering),        ChannelCloseOk::info.id(),    Closed   },
        {Usable | in(Opening),          Cause::Ended,                 Closed   },
        {in(Closing, Lingering),        Cause::Ended,                 Closed   },
        {Usable,                        ChannelFlow::info.id(),       Same     },
        {Usable,                        ChannelFlowOk::info.id(),     Same     },
        {Usable,                        ExchangeDeclareOk::info.id(), Same     },
        {Usable,                        ExchangeDeleteOk::info.id(),  Same     },
        {Usable,                        ExchangeBindOk::info.id(),    Same     },
        {Usable,                        ExchangeUnbindOk::info.id(),  Same     },
        {Usable,                        QueueDeclareOk::info.id(),    Same     },
        {Usable,                        QueueBindOk::info.id(),       Same     },
        {Usable,                        QueueUnbindOk::info.id(),     Same     },
        {Usable,                        QueuePurgeOk::info.id(),      Same     },
        {Usable,                        QueueDeleteOk::info.id(),     Same     },
        {Usable,                        BasicQosOk::info.id(),        Same     },
        {Usable,                        BasicConsumeOk::info.id(),    Same     },
        {Usable,                        BasicCancel::info.id(),       Same     },
        {Usable,                        BasicCancelOk::info.id(),     Same     },
        {Usable,                        BasicReturn::info.id(),       Same     },
        {Usable,                        BasicDeliver::info.id(),      Same     },
        {Usable,                        BasicGetOk::info.id(),        Same     },
        {Usable,                        BasicGetEmpty::info.id(),     Same     },
        {Usable,                        BasicAck::info.id(),          Same     },
        {Usable,                        BasicNack::info.id(),         Same     },
        {Usable,                        BasicRecoverOk::info.id(),    Same     },
        {Usable,                        ConfirmSelectOk::info.id(),   Same     },
        {Usable,                        TxSelectOk::info.id(),        Same     },
        {Usable,                        TxCommitOk::info.id(),        Same     },
        {Usable,                        TxRollbackOk::info.id(),      Same     },
};
} // namespace ChannelTable
// clang-format on

// The next state, or none if there is no row.
template<typename State, std::size_t N>
constexpr std::optional<State> findTransition(const Transition<State> (&rows)[N], State from,
                                              quint32 cause)
{
    for (const auto &row : rows) {
        if ((row.from & in(from)) && row.cause == cause)
            return row.to.value_or(from);
    }
    return std::nullopt;
}

const char *stateName(ConnectionState state);
const char *stateName(ChannelState state);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
