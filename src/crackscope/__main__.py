"""``python -m crackscope``."""

from crackscope.cli import main

main()
