# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of mvm in bash. What may stand next is told by mvm itself, so that it is of the version that is called.
_mvm()
{
    local word="${COMP_WORDS[COMP_CWORD]}" line offer=() directive=

    # bash takes "=" for a word of its own; what is replaced then is what stands behind it.
    [ "$word" = "=" ] && word=
    while IFS= read -r line; do
        case "$line" in
        :*) directive="$line" ;;
        *) offer+=("${line%%$'\t'*}") ;;
        esac
    done < <("${COMP_WORDS[0]/#\~/$HOME}" help --complete -- mvm "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)

    COMPREPLY=()
    case "$directive" in
    :files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    :directories) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    :program) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -c -f -- "$word") ;;
    *) COMPREPLY=("${offer[@]}") ;;
    esac
}
complete -F _mvm mvm
