#ifndef INSPECTOR_BANNER_H
#define INSPECTOR_BANNER_H

#include <QtWidgets/QFrame>

class QLabel;

// What went wrong, over the window's whole width until it is dismissed or something succeeds.
class Banner : public QFrame
{
    Q_OBJECT
public:
    explicit Banner(QWidget *parent = nullptr);

    QString text() const;
    void setText(const QString &text);

private:
    QLabel *m_text;
};

#endif
