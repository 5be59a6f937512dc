"""Worlds of other packages, each a command and a function.

    python -m coxswain.worlds.reasoning_gym basic_arithmetic --train 64 --validation 16 --test 32

`Documentation/python-worlds.md` lists them. None of the packages is needed until its wrapper is started.
"""
