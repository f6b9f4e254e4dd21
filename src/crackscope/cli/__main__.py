"""``python -m crackscope.cli``."""

from crackscope.cli import main

main()
