from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.driving import ROOT


def test_a_missing_optuna_dashboard_is_one_line_that_names_the_extra(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['optuna_dashboard'] = None; sys.argv = ['tuner', 'dashboard', sys.argv[1]];"
        "from tuner.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == 'tuner: tuner dashboard needs optuna-dashboard: pip install "tuner[dashboard]"\n'
