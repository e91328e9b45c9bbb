// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_CERTIFICATE_H
#define QTAMQP_TESTS_CERTIFICATE_H

#include <QtNetwork/qsslcertificate.h>
#include <QtNetwork/qsslconfiguration.h>
#include <QtNetwork/qsslkey.h>

// Of "till" and localhost, signed by itself; both sides use it. It is secret to nobody.
inline constexpr char Certificate[] = R"(
-----BEGIN CERTIFICATE-----
MIIBVzCB/aADAgECAgEBMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBHRpbGwwIBcN
MjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMA8xDTALBgNVBAMMBHRpbGww
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAT3jyTsfd9YQxilfFz8JSkHzW3dMHMA
/W62sQGvWkKzJsIJ1q3Gn3NFvWNrEMv1IyMofuCPRb/qQyTE4c5wX5wpo0gwRjAU
BgNVHREEDTALgglsb2NhbGhvc3QwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQU
C4Hu1EPl4GeV7ZUWLmAMXoDlFYwwCgYIKoZIzj0EAwIDSQAwRgIhAIw6088Xdo6L
TOioLTa/Q90tZ3PgPTRxewqW0zycnv45AiEA4Z74IY2Pil/bPDR4rOl9FDuy81UA
WanI0yIaygEsxag=
-----END CERTIFICATE-----
)";
inline constexpr char Key[] = R"(
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgMFXnRTNwlyNxFxMF
nUpSrj/oJgPeopNc24KErtS1HTKhRANCAAT3jyTsfd9YQxilfFz8JSkHzW3dMHMA
/W62sQGvWkKzJsIJ1q3Gn3NFvWNrEMv1IyMofuCPRb/qQyTE4c5wX5wp
-----END PRIVATE KEY-----
)";

inline QSslConfiguration configuration(bool hasCertificate = true)
{
    QSslConfiguration both = QSslConfiguration::defaultConfiguration();
    const QSslCertificate certificate{QByteArray(Certificate)};
    both.setCaCertificates({certificate});
    if (hasCertificate) {
        both.setLocalCertificate(certificate);
        both.setPrivateKey(QSslKey(QByteArray(Key), QSsl::Ec));
    }
    return both;
}

#endif
