# SPDX-License-Identifier: MIT
"""Becomes a new interpreter in the middle, without a new process. usage: exec_again.py [SECONDS]"""
import os
import sys
import time


def spin(seconds):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def before_exec(seconds):
    spin(seconds)


def after_exec(seconds):
    spin(seconds)


seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
if len(sys.argv) > 2:
    after_exec(seconds / 2)
else:
    print("ready", flush=True)
    before_exec(seconds / 2)
    os.execv(sys.executable, [sys.executable, os.path.abspath(__file__), str(seconds), "again"])
