// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "configuration.h"

#include "bytes.h"
#include "nearest.h"
#include "output.h"

#include <QtCore/qdir.h>
#include <QtCore/qfile.h>
#include <QtCore/qfileinfo.h>
#include <QtCore/qregularexpression.h>
#include <QtCore/qstandardpaths.h>
#include <QtCore/qurl.h>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

// What follows [NAME] in the file, in its order.
class Section
{
public:
    QString name;
    QList<std::pair<QString, QString>> entries;

    bool has(const QString &key) const { return find(key) != entries.end(); }
    QString value(const QString &key) const { return has(key) ? find(key)->second : QString(); }

private:
    QList<std::pair<QString, QString>>::const_iterator find(const QString &key) const
    {
        return std::find_if(entries.begin(), entries.end(),
                            [&](const auto &entry) { return entry.first == key; });
    }
};

// The keys that are none of a URL.
constexpr const char *ownKeys[] = {"url", "password", "password-file", "management"};

bool isOwnKey(const QString &key)
{
    return std::any_of(std::begin(ownKeys), std::end(ownKeys),
                       [&](const char *own) { return key == QLatin1StringView(own); });
}

QList<Section> readSections(const QString &fileName)
{
    constexpr qint64 most = 1024 * 1024;

    QFile file(fileName);
    if (!file.open(QIODevice::ReadOnly))
        throw Failure{BadUsage, u"cannot read %1: %2"_s.arg(fileName, file.errorString())};
    const QByteArray bytes = file.read(most + 1);
    if (bytes.size() > most)
        throw Failure{BadUsage,
                      u"%1 has more than %2 bytes"_s.arg(fileName, QString::number(most))};
    int number = 0;
    const auto wrong = [&](const QString &what) {
        return Failure{BadUsage, u"%1, line %2: %3"_s.arg(fileName, QString::number(number), what)};
    };
    QList<Section> sections;
    for (const QByteArray &raw : bytes.split('\n')) {
        ++number;
        if (!raw.isValidUtf8())
            throw wrong(u"it is not UTF-8"_s);
        const QString line = QString::fromUtf8(raw).trimmed();
        if (line.isEmpty() || line.startsWith(u'#') || line.startsWith(u';'))
            continue;
        if (line.startsWith(u'[') && line.endsWith(u']') && line.size() > 2) {
            const QString name = line.sliced(1, line.size() - 2).trimmed();
            if (std::any_of(sections.begin(), sections.end(),
                            [&](const Section &other) { return other.name == name; }))
                throw wrong(u"the broker %1 is there twice"_s.arg(name));
            sections += Section{name, {}};
            continue;
        }
        const qsizetype equals = line.indexOf(u'=');
        if (equals < 1 || sections.isEmpty())
            throw wrong(u"write [NAME], and below it lines such as url = amqp://HOST"_s);
        const QString key = line.first(equals).trimmed();
        if (sections.constLast().has(key))
            throw wrong(u"the key %1 is there twice"_s.arg(key));
        sections.last().entries += {key, line.sliced(equals + 1).trimmed()};
    }
    return sections;
}

bool hasPassword(const Section &section)
{
    static const QRegularExpression inUrl(u"://[^/@]*:[^/@]+@|[?&]password="_s);
    return std::any_of(section.entries.begin(), section.entries.end(), [](const auto &entry) {
        return entry.first == "password"_L1 || inUrl.match(entry.second).hasMatch();
    });
}

void warnOfReaders(const Arguments &arguments, const QString &fileName,
                   const QList<Section> &sections)
{
    const QFile::Permissions others = QFile::ReadGroup | QFile::ReadOther;
    if ((QFile::permissions(fileName) & others)
        && std::any_of(sections.begin(), sections.end(), hasPassword)) {
        complain(u"qamqp "_s + text(arguments.command().name),
                 u"others can read %1, and a password is in it; chmod 600 keeps them from that"_s
                         .arg(fileName));
    }
}

// A file is named from the folder of the configuration, or from ~.
QString resolved(const QString &path, const QString &configuration)
{
    if (path.startsWith("~/"_L1))
        return QDir::home().filePath(path.sliced(2));
    return QFileInfo(configuration).dir().filePath(path);
}

QAmqpConnectionOptions optionsOf(const Section &section, const QString &fileName)
{
    static const QStringList files = {u"cacertfile"_s, u"certfile"_s, u"keyfile"_s};
    QString url = section.value(u"url"_s);
    if (url.isEmpty())
        throw Failure{BadUsage, u"%1: the broker %2 has no url"_s.arg(fileName, section.name)};
    for (const auto &[key, value] : section.entries) {
        if (isOwnKey(key))
            continue;
        const QString text = files.contains(key) ? resolved(value, fileName) : value;
        url += url.contains(u'?') ? u'&' : u'?';
        url += QString::fromLatin1(QUrl::toPercentEncoding(key) + '='
                                   + QUrl::toPercentEncoding(text));
    }
    QAmqpError error;
    const auto options = QAmqpConnectionOptions::fromUrl(url, &error);
    if (!error)
        return options;
    QString what = u"%1: the broker %2: %3"_s.arg(fileName, section.name, error.text());
    if (error.text().contains("unknown key"_L1))
        what += u" Besides these there are url, password, password-file and management here."_s;
    throw Failure{BadUsage, what};
}

QAmqpCredentials withPassword(const QAmqpCredentials &credentials, const QString &password,
                              const QString &what)
{
    if (credentials.mechanism() == "EXTERNAL") {
        throw Failure{BadUsage,
                      u"%1 is of no use with auth_mechanism=external; leave one out"_s.arg(what)};
    }
    return credentials.mechanism() == "AMQPLAIN"
            ? QAmqpCredentials::amqplain(credentials.userName(), password)
            : QAmqpCredentials::plain(credentials.userName(), password);
}

QAmqpConnectionOptions readUrl(const Arguments &arguments)
{
    const bool given = arguments.isSet("url");
    const QByteArray fromEnvironment = qgetenv("QAMQP_URL");
    QString url = given ? arguments.value("url") : textOf(fromEnvironment);
    if (!isUtf8(url))
        throw Failure{BadUsage, u"$QAMQP_URL is not UTF-8; write such bytes as %FF"_s};
    if (!given && fromEnvironment.isEmpty())
        url = u"amqp://localhost"_s;
    QAmqpError error;
    const auto options = QAmqpConnectionOptions::fromUrl(url, &error);
    if (error) {
        throw Failure{BadUsage,
                      u"%1: %2"_s.arg(given ? u"--url"_s : u"$QAMQP_URL"_s, error.text())};
    }
    return options;
}

Broker readNamed(const Arguments &arguments)
{
    arguments.refuseTogether("broker", "url");
    const QString name = arguments.value("broker");
    const QString fileName = configurationFile();
    const QList<Section> sections = readSections(fileName);
    const auto found = std::find_if(sections.begin(), sections.end(),
                                    [&](const Section &section) { return section.name == name; });
    if (found == sections.end()) {
        QStringList known;
        for (const Section &section : sections)
            known += section.name;
        const QString meant = nearest(name, known);
        throw Failure{BadUsage,
                      u"there is no broker \"%1\"%2 in %3; there are %4"_s.arg(
                              name,
                              meant.isEmpty() ? QString() : u" (did you mean %1?)"_s.arg(meant),
                              fileName, known.isEmpty() ? u"none"_s : known.join(", "_L1))};
    }
    warnOfReaders(arguments, fileName, sections);
    Broker broker{optionsOf(*found, fileName), found->value(u"management"_s)};
    const QString passwordFile = found->value(u"password-file"_s);
    if (!passwordFile.isEmpty() && found->has(u"password"_s)) {
        throw Failure{
                BadUsage,
                u"%1: the broker %2 has both a password and a password-file; leave one out"_s.arg(
                        fileName, name)};
    }
    if (arguments.isSet("password-file"))
        return broker;
    if (!passwordFile.isEmpty()) {
        broker.options.setCredentials(
                withPassword(broker.options.credentials(),
                             readPassword(resolved(passwordFile, fileName), u"password-file"_s),
                             u"password-file"_s));
    } else if (found->has(u"password"_s)) {
        broker.options.setCredentials(withPassword(broker.options.credentials(),
                                                   found->value(u"password"_s), u"password"_s));
    }
    return broker;
}

} // namespace

QString configurationFile()
{
    const QString given = qEnvironmentVariable("QAMQP_CONFIG");
    const QString folder = QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation);
    return given.isEmpty() ? folder + "/qamqp/brokers.conf"_L1 : given;
}

QStringList brokerNames()
{
    QStringList names;
    try {
        for (const Section &section : readSections(configurationFile()))
            names += section.name;
    } catch (const Failure &) {
        names.clear();
    }
    return names;
}

Broker readBroker(const Arguments &arguments)
{
    Broker broker = arguments.isSet("broker")
            ? readNamed(arguments)
            : Broker{readUrl(arguments), qEnvironmentVariable("QAMQP_MANAGEMENT")};
    if (arguments.isSet("password-file")) {
        broker.options.setCredentials(withPassword(broker.options.credentials(),
                                                   readPassword(arguments.value("password-file")),
                                                   u"--password-file"_s));
    }
    return broker;
}

QString readPassword(const QString &fileName, const QString &what)
{
    QFile file(fileName);
    if (!file.open(QIODevice::ReadOnly)) {
        throw Failure{BadUsage, u"cannot read %1 %2: %3"_s.arg(what, fileName, file.errorString())};
    }
    constexpr int longest = 8192; // the longest that a broker accepts for a login
    QByteArray line = file.readLine(longest + 2);
    while (line.endsWith('\n') || line.endsWith('\r'))
        line.chop(1);
    if (line.size() > longest) {
        throw Failure{BadUsage,
                      u"the first line of %1 %2 has more than %3 bytes"_s.arg(
                              what, fileName, QString::number(longest))};
    }
    if (!line.isValidUtf8()) {
        throw Failure{BadUsage, u"the first line of %1 %2 is not UTF-8"_s.arg(what, fileName)};
    }
    return QString::fromUtf8(line);
}

} // namespace Tool
