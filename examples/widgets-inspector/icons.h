// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_ICONS_H
#define INSPECTOR_ICONS_H

#include <QtGui/QIcon>

// An icon for an action, drawn in the colour of text, so that it suits light and dark windows and every scale
// without an icon theme or a plugin. There is one for each name in icons.cpp.
QIcon drawnIcon(const char *name);

// The icon of the program: the one that is installed with it, or else that of its resources.
QIcon programIcon();

#endif
