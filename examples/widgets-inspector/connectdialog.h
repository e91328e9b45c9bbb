// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_CONNECTDIALOG_H
#define INSPECTOR_CONNECTDIALOG_H

#include <QtAmqp/QAmqpConnectionOptions>
#include <QtWidgets/QDialog>

class QCheckBox;
class QDialogButtonBox;
class QLabel;
class QLayout;
class QLineEdit;
class QSpinBox;
class QTabWidget;

// Asks which broker to connect to, by its URL or by the parts of it. Remembers everything but passwords.
class ConnectDialog : public QDialog
{
    Q_OBJECT
public:
    explicit ConnectDialog(QWidget *parent = nullptr);

    QAmqpConnectionOptions options() const;
    quint16 managementPort() const; // 0 is the standard port
    void accept() override;

private:
    QWidget *newParts();
    QWidget *newUrl();
    QLayout *newFileRow(QLineEdit *file, const QString &title, const QString &filter);
    void enableFields();
    void check();
    void restore();

    QTabWidget *m_tabs;
    QLineEdit *m_host;
    QSpinBox *m_port;
    QSpinBox *m_managementPort;
    QLineEdit *m_virtualHost;
    QLineEdit *m_user;
    QLineEdit *m_password;
    QCheckBox *m_tls;
    QLineEdit *m_caFile;
    QLineEdit *m_certificateFile;
    QLineEdit *m_keyFile;
    QLineEdit *m_keyPassword;
    QCheckBox *m_external;
    QLineEdit *m_url;
    QLabel *m_problem;
    QDialogButtonBox *m_buttons;
};

#endif
