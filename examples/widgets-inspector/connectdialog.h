#ifndef INSPECTOR_CONNECTDIALOG_H
#define INSPECTOR_CONNECTDIALOG_H

#include <QtAmqp/QAmqpConnectionOptions>
#include <QtWidgets/QDialog>

class QCheckBox;
class QDialogButtonBox;
class QLabel;
class QLineEdit;
class QSpinBox;
class QTabWidget;

// Which broker, by its parts or as a URL. Remembers all but the password.
class ConnectDialog : public QDialog
{
    Q_OBJECT
public:
    explicit ConnectDialog(QWidget *parent = nullptr);

    QAmqpConnectionOptions options() const;
    void accept() override;

private:
    QWidget *newParts();
    QWidget *newUrl();
    void browse();
    void check();
    void restore();

    QTabWidget *m_tabs;
    QLineEdit *m_host;
    QSpinBox *m_port;
    QLineEdit *m_virtualHost;
    QLineEdit *m_user;
    QLineEdit *m_password;
    QCheckBox *m_tls;
    QLineEdit *m_caFile;
    QLineEdit *m_url;
    QLabel *m_problem;
    QDialogButtonBox *m_buttons;
};

#endif
