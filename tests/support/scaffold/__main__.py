"""``python -m tests.support.scaffold NAME``."""

from tests.support.scaffold import main

main()
