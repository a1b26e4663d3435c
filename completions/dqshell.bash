# Completion of dqshell's arguments in bash 4.4 or newer. `dqshell` itself prints this: see dqshell(1).

_dqshell() {
    local line=${COMP_LINE:0:COMP_POINT} kind value
    # Bash ends words at colons, too, and replaces only what stands behind the last one.
    local word=${line##*[[:space:]]}
    local kept=${word%"${word##*[$COMP_WORDBREAKS]}"}
    COMPREPLY=()
    while IFS=$'\t' read -r kind value _; do
        case $kind in
            plain) COMPREPLY+=("${value#"$kept"}") ;;
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
        esac
    done < <(_DQSHELL_COMPLETE=bash_complete COMP_LINE=$line "$1" 2>/dev/null </dev/null)
}

complete -o nosort -F _dqshell dqshell
