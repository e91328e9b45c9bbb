// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_MESSAGEVIEW_H
#define INSPECTOR_MESSAGEVIEW_H

#include <QtAmqp/QAmqpDelivery>
#include <QtWidgets/QWidget>

#include <optional>

class JsonHighlighter;
class PropertyModel;
class QComboBox;
class QLabel;
class QPlainTextEdit;
class QTableView;

// Shows one message: above, its body as text, formatted JSON or hex; below, its properties and headers.
class MessageView : public QWidget
{
    Q_OBJECT
public:
    enum class Format { Automatic, Text, Json, Hex };

    explicit MessageView(QWidget *parent = nullptr);

    // Nothing is shown if there is no message.
    void show(const std::optional<QAmqpDelivery> &message);
    void setFormat(Format format);

protected:
    void changeEvent(QEvent *event) override;

private:
    void showBody();
    void chooseColours();
    Format chooseFormat() const;

    QByteArray m_body;
    QString m_contentType;
    QLabel *m_note;
    QComboBox *m_format;
    QPlainTextEdit *m_text;
    JsonHighlighter *m_highlighter;
    PropertyModel *m_properties;
    QTableView *m_table;
};

#endif
