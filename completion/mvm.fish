# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of mvm in fish. What may stand next is told by mvm itself, so that it is of the version that is called.
function __mvm_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    # Of "--name=value" the value is completed, with the name before it.
    set -l name (string match -r -- '^--[^=]*=' "$typed")
    set -l value (string replace -r -- '^--[^=]*=' '' "$typed")

    for line in ($words[1] help --complete -- mvm $words[2..] "$typed" 2>/dev/null)
        switch $line
            case :files :program
                __fish_complete_path "$value" | string replace -r -- '^' "$name"
            case :directories
                __fish_complete_directories "$value" '' | string replace -r -- '^' "$name"
            case '*'
                echo $line
        end
    end
end
complete -c mvm -f -a '(__mvm_complete)'
