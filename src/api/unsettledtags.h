#ifndef QTAMQP_API_UNSETTLEDTAGS_H
#define QTAMQP_API_UNSETTLEDTAGS_H

// Which delivery tags of a channel the broker still waits for. A tag that is not here must not be
// sent: RabbitMQ closes the channel for it (406), also for "multiple" with a tag settled before.

#include <QtCore/qglobal.h>

#include <deque>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class UnsettledTags
{
public:
    // Tags come in ascending order; those left out need no acknowledgement.
    void delivered(quint64 tag)
    {
        if (m_open.empty())
            m_first = tag;
        m_open.resize(size_t(tag - m_first), false);
        m_open.push_back(true);
    }

    bool contains(quint64 tag) const
    {
        return tag >= m_first && tag - m_first < m_open.size() && m_open[size_t(tag - m_first)];
    }

    // False, and nothing changed, if the tag is not unsettled.
    bool settle(quint64 tag, bool multiple)
    {
        if (!contains(tag))
            return false;
        if (multiple) {
            m_open.erase(m_open.begin(), m_open.begin() + qptrdiff(tag - m_first) + 1);
            m_first = tag + 1;
            return true;
        }
        m_open[size_t(tag - m_first)] = false;
        while (!m_open.empty() && !m_open.front()) {
            m_open.pop_front();
            ++m_first;
        }
        return true;
    }

    // The highest unsettled tag up to this one, 0 if there is none.
    quint64 lastUpTo(quint64 tag) const
    {
        for (size_t i = m_open.size(); i > 0; --i) {
            if (m_open[i - 1] && m_first + i - 1 <= tag)
                return m_first + i - 1;
        }
        return 0;
    }

    void clear() { m_open.clear(); }

private:
    std::deque<bool> m_open; // from m_first on
    quint64 m_first = 0;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
