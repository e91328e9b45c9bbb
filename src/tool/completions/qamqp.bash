# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

# Completion of qamqp in bash 4 and later. It asks the program itself what may stand where the cursor is.

_qamqp()
{
    # Bash has cut the words at = and :, which belong to them here. What stands behind the cursor does not count.
    local rest=${COMP_LINE:0:COMP_POINT} words=() count=0 part i
    rest=${rest#*"${COMP_WORDS[0]}"}
    for ((i = 1; i <= COMP_CWORD; ++i)); do
        part=${COMP_WORDS[i]}
        if [[ $rest == [[:space:]]* || $count == 0 ]]; then
            rest=${rest#"${rest%%[![:space:]]*}"}
            words[count++]=
        fi
        ((i < COMP_CWORD)) || part=$rest
        words[count - 1]+=$part
        rest=${rest#"$part"}
    done
    local word=${words[count - 1]} quote=
    if [[ $word == [\'\"]* ]]; then
        quote=${word:0:1}
        word=${word:1}
        words[count - 1]=$word
    fi

    COMPREPLY=()
    local program kind=files MAPFILE=() candidate
    program=$(type -P -- "${1/#\~\//$HOME/}") || return 0
    if [[ ${COMP_WORDS[COMP_CWORD - 1]} != *[\<\>] ]]; then # otherwise it is the file of a redirection
        { read -r kind && mapfile -t; } < <("$program" --complete "${words[@]}" 2>/dev/null)
    fi
    case $kind in
    words | parts)
        # Bash replaces only what stands behind the last = or :.
        local breaks=${COMP_WORDBREAKS//[^=:]/} before=
        [[ ! $breaks ]] || before=${word%"${word##*["$breaks"]}"}
        for candidate in "${MAPFILE[@]%%$'\t'*}"; do
            [[ $candidate == "$word"* ]] || continue
            # The name of a queue may be anything, also something that the shell would run. Behind a quote that is open
            # only what means nothing to any shell is offered.
            [[ ! $quote || $candidate != *[!A-Za-z0-9._:/@+=%,\ -]* ]] || continue
            candidate=${candidate#"$before"}
            [[ $quote || ! $candidate ]] || printf -v candidate %q "$candidate"
            COMPREPLY+=("$candidate")
        done
        [[ $kind == words ]] || compopt -o nospace 2>/dev/null
        return 0
        ;;
    files) kind="file" ;;
    folders) kind="directory" ;;
    programs) kind="command" ;;
    *) return 0 ;;
    esac
    [[ $word != --*=* ]] || word=${word#*=}
    mapfile -t COMPREPLY < <(compgen -A "$kind" -- "$word")
    compopt -o filenames 2>/dev/null
    return 0
}

complete -F _qamqp qamqp
