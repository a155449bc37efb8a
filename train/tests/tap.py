# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the test functions of a module and prints TAP."""
import os
import traceback


def run(tests):
    """tests: functions whose names state rules. Returns the number that failed.

    They train under the names of real runs, so they only start in the scratch folder of train/tests/run.
    """
    if 'RUSHES_TRAIN_SCRATCH' not in os.environ:
        raise SystemExit('Start the tests with train/tests/run: here they would train on from real checkpoints.')
    failed = 0
    print(f'1..{len(tests)}')
    for number, test in enumerate(tests, 1):
        name = test.__name__.removeprefix('test_').replace('_', ' ')
        try:
            test()
            print(f'ok {number} - {name}', flush=True)
        except Exception:
            failed += 1
            print(f'not ok {number} - {name}')
            for line in traceback.format_exc().splitlines():
                print(f'# {line}', flush=True)
    return failed


def functions(namespace):
    """The test functions of a module in the order in which they were written."""
    return [item for name, item in namespace.items() if name.startswith('test_') and callable(item)]
