// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "connectdialog.h"

#include <QtCore/QSettings>
#include <QtCore/QUrl>
#include <QtCore/QUrlQuery>
#include <QtWidgets/QBoxLayout>
#include <QtWidgets/QCheckBox>
#include <QtWidgets/QDialogButtonBox>
#include <QtWidgets/QFileDialog>
#include <QtWidgets/QFormLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QSpinBox>
#include <QtWidgets/QTabWidget>

using namespace Qt::StringLiterals;

ConnectDialog::ConnectDialog(QWidget *parent)
    : QDialog(parent)
    , m_tabs(new QTabWidget)
    , m_host(new QLineEdit(u"localhost"_s))
    , m_port(new QSpinBox)
    , m_managementPort(new QSpinBox)
    , m_virtualHost(new QLineEdit(u"/"_s))
    , m_user(new QLineEdit(u"guest"_s))
    , m_password(new QLineEdit(u"guest"_s))
    , m_tls(new QCheckBox(tr("Use &TLS")))
    , m_caFile(new QLineEdit)
    , m_certificateFile(new QLineEdit)
    , m_keyFile(new QLineEdit)
    , m_keyPassword(new QLineEdit)
    , m_external(new QCheckBox(tr("Log &in as the certificate says (EXTERNAL)")))
    , m_url(new QLineEdit)
    , m_problem(new QLabel)
    , m_buttons(new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel))
{
    setWindowTitle(tr("Connect to a broker"));
    m_tabs->addTab(newParts(), tr("Se&rver"));
    m_tabs->addTab(newUrl(), tr("UR&L"));
    m_problem->setWordWrap(true);
    m_buttons->button(QDialogButtonBox::Ok)->setText(tr("&Connect"));
    m_buttons->button(QDialogButtonBox::Cancel)->setText(tr("Cancel")); // Esc is its shortcut
    restore();

    auto *layout = new QVBoxLayout(this);
    layout->addWidget(m_tabs);
    layout->addWidget(m_problem);
    layout->addWidget(m_buttons);
    connect(m_buttons, &QDialogButtonBox::accepted, this, &ConnectDialog::accept);
    connect(m_buttons, &QDialogButtonBox::rejected, this, &ConnectDialog::reject);
    connect(m_tabs, &QTabWidget::currentChanged, this, &ConnectDialog::check);
    for (const QLineEdit *edit : {m_host, m_url, m_virtualHost, m_certificateFile, m_keyFile})
        connect(edit, &QLineEdit::textChanged, this, &ConnectDialog::check);
    check();
    m_host->setFocus();
    resize(460, sizeHint().height());
}

QWidget *ConnectDialog::newParts()
{
    m_port->setRange(0, 65535);
    m_port->setSpecialValueText(tr("standard (5672, with TLS 5671)"));
    m_managementPort->setRange(0, 65535);
    m_managementPort->setSpecialValueText(tr("standard (15672, with TLS 15671)"));
    m_managementPort->setToolTip(tr("Of RabbitMQ's management plugin, which lists the queues"));
    m_password->setEchoMode(QLineEdit::Password);
    m_caFile->setPlaceholderText(tr("the system's certificates"));
    m_certificateFile->setPlaceholderText(tr("only if the broker wants one"));
    m_user->setObjectName(u"user"_s);
    m_certificateFile->setObjectName(u"certificate"_s);
    m_keyPassword->setObjectName(u"keyPassword"_s);
    m_keyPassword->setPlaceholderText(tr("only if the key is encrypted"));
    m_keyPassword->setEchoMode(QLineEdit::Password);

    auto *page = new QWidget;
    auto *form = new QFormLayout(page);
    form->addRow(tr("&Host"), m_host);
    form->addRow(tr("&Port"), m_port);
    form->addRow(tr("&Virtual host"), m_virtualHost);
    form->addRow(tr("&User"), m_user);
    form->addRow(tr("Pass&word"), m_password);
    form->addRow(tr("&Management port"), m_managementPort);
    form->addRow(QString(), m_tls);
    const auto addFile = [&](const QString &text, QLineEdit *file, const QString &title,
                             const QString &filter) {
        auto *label = new QLabel(text);
        label->setBuddy(file);
        form->addRow(label, newFileRow(file, title, filter));
    };
    const QString certificates = tr("Certificates (*.pem *.crt *.cer);;All files (*)");
    addFile(tr("C&A file"), m_caFile, tr("Certificates to trust"), certificates);
    addFile(tr("Certi&ficate"), m_certificateFile, tr("Our certificate"), certificates);
    addFile(tr("Private &key"), m_keyFile, tr("The certificate's private key"),
            tr("Keys (*.pem *.key);;All files (*)"));
    form->addRow(tr("Key pa&ssword"), m_keyPassword);
    form->addRow(QString(), m_external);
    connect(m_tls, &QCheckBox::toggled, this, &ConnectDialog::enableFields);
    connect(m_external, &QCheckBox::toggled, this, &ConnectDialog::enableFields);
    connect(m_certificateFile, &QLineEdit::textChanged, this, &ConnectDialog::enableFields);
    enableFields();
    return page;
}

QLayout *ConnectDialog::newFileRow(QLineEdit *file, const QString &title, const QString &filter)
{
    auto *browse = new QPushButton(tr("Browse…"));
    browse->setAccessibleName(title);
    connect(browse, &QPushButton::clicked, this, [this, file, title, filter] {
        const QString name = QFileDialog::getOpenFileName(this, title, file->text(), filter);
        if (!name.isEmpty())
            file->setText(name);
    });
    connect(m_tls, &QCheckBox::toggled, browse, &QWidget::setEnabled);
    browse->setEnabled(m_tls->isChecked());
    auto *row = new QHBoxLayout;
    row->addWidget(file);
    row->addWidget(browse);
    return row;
}

// Disables fields that have no effect.
void ConnectDialog::enableFields()
{
    const bool tls = m_tls->isChecked();
    const bool certificate = tls && !m_certificateFile->text().isEmpty();
    const bool external = certificate && m_external->isChecked();
    m_caFile->setEnabled(tls);
    m_certificateFile->setEnabled(tls);
    m_keyFile->setEnabled(tls);
    m_keyPassword->setEnabled(certificate);
    m_external->setEnabled(certificate);
    m_user->setEnabled(!external);
    m_password->setEnabled(!external);
    check();
}

QWidget *ConnectDialog::newUrl()
{
    m_url->setPlaceholderText(u"amqps://user:password@host:5671/vhost?heartbeat=30"_s);
    m_url->setAccessibleName(tr("URL"));
    m_url->setObjectName(u"url"_s);
    auto *note = new QLabel(tr("As RabbitMQ writes them; the same words as on the page "
                               "\"URI query parameters\" of its documentation are understood."));
    note->setWordWrap(true);
    auto *page = new QWidget;
    auto *layout = new QVBoxLayout(page);
    layout->addWidget(m_url);
    layout->addWidget(note);
    layout->addStretch();
    return page;
}

quint16 ConnectDialog::managementPort() const { return quint16(m_managementPort->value()); }

QAmqpConnectionOptions ConnectDialog::options() const
{
    if (m_tabs->currentIndex() == 1)
        return QAmqpConnectionOptions::fromUrl(m_url->text().trimmed());
    auto options = QAmqpConnectionOptions()
                           .setHostName(m_host->text().trimmed())
                           .setPort(quint16(m_port->value()))
                           .setVirtualHost(m_virtualHost->text())
                           .setTlsEnabled(m_tls->isChecked());
    if (m_user->isEnabled())
        options.setCredentials(QAmqpCredentials::plain(m_user->text(), m_password->text()));
    else
        options.setCredentials(QAmqpCredentials::external());
    if (m_tls->isChecked())
        options.setCaCertificateFile(m_caFile->text())
                .setCertificateFile(m_certificateFile->text())
                .setPrivateKeyFile(m_keyFile->text())
                .setPrivateKeyPassword(m_keyPassword->text());
    return options;
}

// Says what is wrong with the input, before a connection is tried.
void ConnectDialog::check()
{
    const bool empty = m_tabs->currentIndex() == 1 ? m_url->text().isEmpty()
                                                   : m_host->text().trimmed().isEmpty();
    m_problem->setText(empty ? QString() : options().errorString());
    m_problem->setVisible(!m_problem->text().isEmpty());
    m_buttons->button(QDialogButtonBox::Ok)->setEnabled(!empty && m_problem->text().isEmpty());
}

// The URL without the passwords of the user and of the private key, or nothing if it cannot be read.
static QString withoutSecrets(const QString &text)
{
    QUrl url(text, QUrl::StrictMode);
    if (!url.isValid())
        return {};
    url.setPassword(QString());
    QUrlQuery query(url);
    query.removeAllQueryItems(u"password"_s);
    url.setQuery(query);
    return url.toString(QUrl::FullyEncoded);
}

void ConnectDialog::restore()
{
    const QSettings settings;
    m_url->setText(settings.value(u"url"_s).toString());
    m_tabs->setCurrentIndex(settings.value(u"byUrl"_s, false).toBool() ? 1 : 0);
    m_host->setText(settings.value(u"host"_s, m_host->text()).toString());
    m_port->setValue(settings.value(u"port"_s, 0).toInt());
    m_managementPort->setValue(settings.value(u"managementPort"_s, 0).toInt());
    m_virtualHost->setText(settings.value(u"virtualHost"_s, m_virtualHost->text()).toString());
    m_user->setText(settings.value(u"user"_s, m_user->text()).toString());
    m_tls->setChecked(settings.value(u"tls"_s, false).toBool());
    m_caFile->setText(settings.value(u"caFile"_s).toString());
    m_certificateFile->setText(settings.value(u"certificateFile"_s).toString());
    m_keyFile->setText(settings.value(u"keyFile"_s).toString());
    m_external->setChecked(settings.value(u"external"_s, false).toBool());
    if (m_user->text() != u"guest"_s)
        m_password->clear();
}

void ConnectDialog::accept()
{
    QSettings settings;
    settings.setValue(u"byUrl"_s, m_tabs->currentIndex() == 1);
    if (m_tabs->currentIndex() == 1) {
        settings.setValue(u"url"_s, withoutSecrets(m_url->text().trimmed()));
    } else {
        settings.setValue(u"host"_s, m_host->text());
        settings.setValue(u"port"_s, m_port->value());
        settings.setValue(u"managementPort"_s, m_managementPort->value());
        settings.setValue(u"virtualHost"_s, m_virtualHost->text());
        settings.setValue(u"user"_s, m_user->text());
        settings.setValue(u"tls"_s, m_tls->isChecked());
        settings.setValue(u"caFile"_s, m_caFile->text());
        settings.setValue(u"certificateFile"_s, m_certificateFile->text());
        settings.setValue(u"keyFile"_s, m_keyFile->text());
        settings.setValue(u"external"_s, m_external->isChecked());
    }
    QDialog::accept();
}
