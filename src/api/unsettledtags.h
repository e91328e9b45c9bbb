#ifndef QTAMQP_API_UNSETTLEDTAGS_H
#define QTAMQP_API_UNSETTLEDTAGS_H

// Which delivery tags of a channel the broker still waits for, and which of them the application has
// seen. A tag that is not here must not be sent: RabbitMQ closes the channel for it (406), also for
// "multiple" with a tag settled before.

#include <QtCore/qglobal.h>

#include <deque>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class UnsettledTags
{
public:
    // Tags come in ascending order; those left out need no acknowledgement.
    void delivered(quint64 tag, bool shown)
    {
        if (m_tags.empty())
            m_first = tag;
        m_tags.resize(size_t(tag - m_first), Settled);
        m_tags.push_back(shown ? Shown : Held);
        m_held += !shown;
    }

    // A paused consumer held it; now the application sees it.
    void show(quint64 tag)
    {
        if (contains(tag) && at(tag) == Held) {
            at(tag) = Shown;
            --m_held;
        }
    }

    // Calls send(tag, multiple) for what is to be sent. False, and nothing changed, if the tag is not
    // unsettled. "Multiple" leaves alone what the application has not seen.
    template<typename Send>
    bool settle(quint64 tag, bool multiple, Send send)
    {
        if (!contains(tag))
            return false;
        if (multiple && m_held == 0) {
            m_tags.erase(m_tags.begin(), m_tags.begin() + qptrdiff(tag - m_first) + 1);
            m_first = tag + 1;
            send(tag, true);
            return true;
        }
        for (quint64 each = multiple ? m_first : tag; each <= tag; ++each) {
            if (at(each) == Settled || (multiple && at(each) == Held))
                continue;
            m_held -= at(each) == Held;
            at(each) = Settled;
            send(each, false);
        }
        while (!m_tags.empty() && m_tags.front() == Settled) {
            m_tags.pop_front();
            ++m_first;
        }
        return true;
    }

    // The highest tag that was seen and is unsettled, 0 if there is none.
    quint64 lastShown() const
    {
        for (size_t i = m_tags.size(); i > 0; --i) {
            if (m_tags[i - 1] == Shown)
                return m_first + i - 1;
        }
        return 0;
    }

    void clear()
    {
        m_tags.clear();
        m_held = 0;
    }

private:
    enum State : quint8 { Settled, Held, Shown };

    bool contains(quint64 tag) const
    {
        return tag >= m_first && tag - m_first < m_tags.size()
                && m_tags[size_t(tag - m_first)] != Settled;
    }
    State &at(quint64 tag) { return m_tags[size_t(tag - m_first)]; }

    std::deque<State> m_tags; // from m_first on
    quint64 m_first = 0;
    qsizetype m_held = 0; // how many are Held
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
