#compdef qamqp
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Completion of qamqp in zsh. It asks the program itself what may stand where the cursor is.

_qamqp()
{
    local kind line
    local -a before lines values shown how
    before=("${(@Q)words[2,CURRENT-1]}")
    lines=("${(@f)$(${(Q)~words[1]} --complete "${before[@]}" "${(Q)PREFIX}" 2>/dev/null)}")
    kind=$lines[1]
    shift lines
    case $kind in
    files)
        compset -P '--*='
        _files
        ;;
    folders)
        compset -P '--*='
        _files -/
        ;;
    programs) _command_names -e ;;
    words | parts)
        for line in $lines; do
            values+=("${line%%$'\t'*}")
            shown+=("${line/$'\t'/  -- }")
        done
        [[ $kind == words ]] || how=(-S '')
        compadd "${how[@]}" -l -d shown -a values
        ;;
    esac
}

if [[ $funcstack[1] == _qamqp ]]; then
    _qamqp "$@"
else
    compdef _qamqp qamqp
fi
