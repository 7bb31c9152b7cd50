# `cargo xtask` is completed like a program of its own, and all else of Cargo as before.
if declare -F _comp_load >/dev/null; then
    _comp_load cargo
elif declare -F _completion_loader >/dev/null; then
    _completion_loader cargo
fi
_cargo_xtask_previous=$(complete -p cargo 2>/dev/null | sed -n 's/.* -F \([^ ]*\) .*/\1/p')
[[ $_cargo_xtask_previous == _cargo_with_xtask ]] && _cargo_xtask_previous=$_cargo_xtask_before
_cargo_xtask_before=$_cargo_xtask_previous

_cargo_with_xtask() {
    if [[ $COMP_CWORD -gt 1 && ${COMP_WORDS[1]} == xtask ]]; then
        COMP_WORDS=("${COMP_WORDS[@]:1}")
        COMP_CWORD=$((COMP_CWORD - 1))
        _cargo_xtask xtask "$2" "$3"
    elif [[ -n $_cargo_xtask_before ]]; then
        "$_cargo_xtask_before" "$@"
    fi
}

complete -F _cargo_with_xtask -o bashdefault -o default cargo
