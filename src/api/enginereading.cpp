// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The part of Engine that stops reading: because the application says so, because messages that nothing else bounds
// are held, or because devices that take bodies are full.

#include "api/engine.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

void Engine::setReading(bool reading)
{
    if (m_readingHeld && reading)
        return;
    m_readingHeld = false;
    if (m_core->isReading() == reading)
        return;
    m_core->setReading(reading, TimePoint::clock::now());
    if (!reading)
        return;
    scheduleTurn(); // which reads what has come meanwhile
    holdReading(); // the application may go on, but what it held up may be too much still
}

void Engine::countHeld(qint64 bytes)
{
    m_heldBytes += bytes;
    holdReading();
}

void Engine::countFullSinks(int change)
{
    m_fullSinks += change;
    holdReading();
}

void Engine::holdReading()
{
    constexpr qint64 most = 64 * 1024 * 1024;
    const bool isTooMuch = m_heldBytes > most || m_fullSinks > 0;
    if (isTooMuch && m_core->isReading() && !m_core->isClosing()) {
        setReading(false);
        m_readingHeld = true;
    } else if (m_readingHeld && m_heldBytes < most / 2 && m_fullSinks == 0) {
        m_readingHeld = false;
        setReading(true);
    }
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
