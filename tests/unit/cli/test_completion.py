from __future__ import annotations

import subprocess
import sys

import pytest

from beacon.cli.completion import SHELLS
from beacon.cli.main import main


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_completes_commands_and_their_options(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--print-completion", shell])
    assert end.value.code == 0
    written = capsys.readouterr().out
    assert "profile" in written
    assert "as-configured" in written


def test_the_completion_of_bash_is_a_script() -> None:
    program = "from beacon.cli.main import main; main(['--print-completion', 'bash'])"
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    subprocess.run(["bash", "-n"], input=made.stdout, check=True)


def test_without_shtab_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["--print-completion", "bash"]) == 2
    assert "pip install 'beacon-policy[completion]'" in capsys.readouterr().err
