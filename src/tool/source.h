// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_SOURCE_H
#define QTAMQP_TOOL_SOURCE_H

// The messages that qamqp publish is to send: one body again and again, those of the input, or those of a folder.

#include "input.h"
#include "sender.h"

namespace Tool {

class Source
{
public:
    explicit Source(const Arguments &arguments);

    bool hasNext();
    bool isOver() const { return m_input ? m_input->isOver() : m_left == 0; }
    // Returns the next message, or nothing for an empty line of JSON.
    std::optional<Outgoing> takeNext();
    // Whether the body is a large file, which is read while it is sent.
    bool isLargeFile() const { return m_file != nullptr; }
    // Whether each line of the input is a message.
    bool isStream() const { return m_isStream; }
    // Whether it is typed on a terminal.
    bool isTyped() const { return m_isTyped; }
    // Takes nothing more from the input than what was read of it.
    void end();

private:
    // Where the command line says that the messages are to go.
    struct Target
    {
        std::optional<QString> exchange;
        std::optional<QString> routingKey;
    };

    static Target readTarget(const Arguments &arguments);
    void checkOptions() const;
    void openInput();
    qsizetype size() const;
    QAmqpChannel::PublishFlags flagsFor(const QString &exchange) const;
    std::optional<Outgoing> readLine(const QByteArray &line);
    Outgoing readMessage(const QByteArray &json, const QString &name) const;

    const Arguments &m_arguments;
    const Target m_target;
    QAmqpMessage m_message;
    const QStringList m_files; // with messages
    const bool m_isJson; // the whole message is given, not only its body
    const bool m_isStream;
    bool m_isTyped = false;
    quint64 m_left; // without an input
    quint64 m_line = 0;
    QByteArray m_body;
    std::unique_ptr<Input> m_input;
    std::unique_ptr<QFile> m_file; // a large one
    qint64 m_begin = 0; // of the body in it
};

} // namespace Tool

#endif
