// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "folder.h"

#include "input.h"
#include "platform.h"

#include <QtCore/qdir.h>
#include <QtCore/qdiriterator.h>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Tool {

constexpr auto ending = ".json"_L1;
constexpr auto unfinished = ".part"_L1; // until all is written

MessageFolder::MessageFolder(const QString &path) : m_path(path)
{
    const bool isNew = !QFileInfo::exists(path);
    if (path.isEmpty() || !QDir().mkpath(path) || !QFileInfo(path).isDir())
        throw Failure{BadUsage, u"--save: cannot make the folder %1"_s.arg(path)};
    // Nobody else is to read the messages.
    if (isNew)
        QFile::setPermissions(path, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    QString error;
    if (isNew && !writeFolderToDisk(QFileInfo(path).absolutePath(), &error))
        throw Failure{BadUsage, u"--save: cannot write the folder %1: %2"_s.arg(path, error)};
    for (QDirIterator it(path, QDir::Files); it.hasNext();) {
        const QString name = QFileInfo(it.next()).fileName();
        bool isNumber = false;
        const quint64 number = name.section(u'.', 0, 0).toULongLong(&isNumber);
        if (isNumber)
            m_number = std::max(m_number, number);
    }
}

QString MessageFolder::fileName() const
{
    return u"%1/%2%3"_s.arg(m_path, QString::number(m_number).rightJustified(9, u'0'), ending);
}

QString MessageFolder::save(const QAmqpDelivery &message)
{
    const auto failed = [](const QFile &file, const QString &why = QString()) {
        return Failure{BadUsage,
                       u"cannot write %1: %2"_s.arg(file.fileName(),
                                                    why.isEmpty() ? file.errorString() : why)};
    };
    const QByteArray json = message.toJson() + '\n';
    for (;;) {
        ++m_number;
        QFile file(fileName() + unfinished);
        if (!file.open(QIODevice::NewOnly | QIODevice::WriteOnly | QIODevice::Unbuffered)) {
            if (file.exists()) // of another program
                continue;
            throw failed(file);
        }
        QString error;
        if (file.write(json) != json.size() || !writeToDisk(file.handle(), &error)) {
            const Failure failure = failed(file, error);
            file.remove();
            throw failure;
        }
        file.close();
        // Fails if there is such a file.
        if (file.rename(fileName())) {
            if (!writeFolderToDisk(m_path, &error))
                throw failed(file, error);
            return fileName();
        }
        const bool isTaken = QFile::exists(fileName());
        const Failure failure = failed(file);
        file.remove();
        if (!isTaken)
            throw failure;
    }
}

QStringList MessageFolder::files(const QString &path)
{
    if (!QFileInfo(path).isDir())
        throw Failure{BadUsage, u"--from: there is no folder %1"_s.arg(path)};
    QStringList names;
    for (QDirIterator it(path, {u'*' + ending}, QDir::Files); it.hasNext();)
        names += it.next();
    if (names.isEmpty())
        throw Failure{BadUsage,
                      u"--from: there are no messages in %1, which are files *.json"_s.arg(path)};
    std::sort(names.begin(), names.end());
    return names;
}

QByteArray MessageFolder::read(const QString &fileName)
{
    constexpr qint64 most = 4 * Input::MaxBody; // in base64, and with properties

    QFile file(fileName);
    const bool isOpen = file.open(QIODevice::ReadOnly);
    if (isOpen && file.size() > most)
        throw Failure{BadUsage, Input::tooLong(fileName)};
    QByteArray json = isOpen ? file.readAll() : QByteArray();
    if (file.error() != QFile::NoError)
        throw Failure{BadUsage, u"cannot read %1: %2"_s.arg(fileName, file.errorString())};
    return json;
}

} // namespace Tool
