# `cargo xtask` is completed like a program of its own.
function __fish_cargo_xtask_is_called
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test "$words[2]" = xtask
end

function __fish_cargo_xtask_complete
    set -l words (commandline -opc)
    complete -C "cargo-xtask $words[3..-1] "(commandline -ct)
end

complete -c cargo -n __fish_cargo_xtask_is_called -f -a "(__fish_cargo_xtask_complete)"
