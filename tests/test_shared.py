"""Workers: what happens to them is told."""

import os

import pytest

from shared.errors import InputError
from shared.workers import Workers


def test_killed_processes_are_told_of():
    with pytest.raises(InputError, match="killed"), Workers(2, print) as workers:
        list(workers.map(os._exit, [1, 1, 1]))
