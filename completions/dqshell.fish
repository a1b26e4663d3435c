# Completion of dqshell's arguments in fish. `dqshell` itself prints this: see dqshell(1).

function __dqshell_complete
    set -l line (commandline -cp | string collect)
    env _DQSHELL_COMPLETE=fish_complete COMP_LINE=$line dqshell 2>/dev/null </dev/null |
    while read --delimiter \t kind value meaning
        switch $kind
            case plain
                printf '%s\t%s\n' $value $meaning
            case file
                __fish_complete_path (commandline -ct)
            case dir
                __fish_complete_directories (commandline -ct)
        end
    end
end

complete --command dqshell --no-files --keep-order --arguments '(__dqshell_complete)'
