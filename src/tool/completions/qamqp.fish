# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Completion of qamqp in fish. It asks the program itself what may stand where the cursor is.

function __qamqp_complete
    set -l before (commandline -opc)
    set -l word (commandline -ct)
    set -l lines ($before[1] --complete $before[2..-1] "$word" 2>/dev/null)
    set -l assigned (string match -r -- '^--[^=]*=' "$word")
    set -l path (string replace -r -- '^--[^=]*=' '' "$word")
    switch "$lines[1]"
        case words parts
            string join \n -- $lines[2..-1]
        case files
            string replace -r -- '^' "$assigned" (__fish_complete_path "$path")
        case folders
            string replace -r -- '^' "$assigned" (__fish_complete_directories "$path" '')
        case programs
            __fish_complete_command
    end
end

complete -c qamqp -f -a '(__qamqp_complete)'
