// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_FOLDER_H
#define QTAMQP_TOOL_FOLDER_H

// Messages in a folder, each in a file of its own that holds what --json prints: consume, get and tap write them with
// --save, publish reads them with --from. The names of the files are numbers, in the order of the messages.

#include "command.h"

#include <QtAmqp/qamqpdelivery.h>

namespace Tool {

inline constexpr Option saveOption = {
        "save", "DIR",
        "Keep each message in a file of its own in DIR, which is made if it does not exist, and print the file's name. "
        "publish --from DIR puts them back."};

class MessageFolder
{
public:
    // Makes the folder, and goes on behind the numbers that are there. Throws a Failure if it cannot.
    explicit MessageFolder(const QString &path);

    // Returns the name of the file when the message is on the disk. Nothing is overwritten, also not by several
    // programs at a time. Throws a Failure if it cannot write.
    QString save(const QAmqpDelivery &message);

    // Returns the files with messages in the order of their names. Throws a Failure if there is none.
    static QStringList files(const QString &path);
    // Returns what is in such a file; throws a Failure if it cannot be read.
    static QByteArray read(const QString &fileName);

private:
    QString fileName() const;

    const QString m_path;
    quint64 m_number = 0; // of the last one
};

} // namespace Tool

#endif
