"""``python -m adapter``: the same as the `crmglot` command."""

from adapter.cli import main

main(prog_name="crmglot")
