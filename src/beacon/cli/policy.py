"""beacon policy: derive a policy from a profile, offline."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from beacon.cli.arguments import check_output, directory
from beacon.cli.console import Console
from beacon.errors import ExitCode
from beacon.export.all import render_all
from beacon.export.docker_args import DockerArgsExporter
from beacon.model.files import load_profile, write_files
from beacon.model.policy import Policy
from beacon.synthesis.everything import synthesize


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "policy",
        help="derive a policy from a profile, offline",
        description="Allow what the profiled container was seen to use, and nothing else. Writes "
        "policy.json, seccomp.json and docker.args to DIR; prove them with `beacon verify DIR`.",
    )
    parser.add_argument("profile", metavar="PROFILE_DIR", type=Path)
    parser.add_argument("-o", "--output", metavar="DIR", type=directory, required=True)
    parser.add_argument(
        "--incomplete", action="store_true", help="also from a profile that is not complete"
    )
    parser.add_argument("--json", action="store_true", help="a JSON document on stdout")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Derive, write, tell."""
    check_output(options.output)
    policy = synthesize(load_profile(options.profile), insist=options.incomplete)
    write_files(options.output, render_all(policy, options.output))
    if options.json:
        console.document("policy", policy)
    else:
        _tell(console, policy)
    console.say(f"Wrote {options.output}; not proven yet: beacon verify {options.output}")
    return ExitCode.DONE


def _tell(console: Console, policy: Policy) -> None:
    kept = ", ".join(capability.name for capability in policy.capabilities) or "none"
    inferred = sum(allowed.inferred is not None for allowed in policy.syscalls)
    console.result(f"image         {policy.image.reference}")
    console.result(f"system calls  {len(policy.names())} allowed ({inferred} inferred)")
    console.result(f"capabilities  {kept}")
    console.result(f"ABIs          {', '.join(policy.abis)}")
    console.result(f"use           docker run $(cat DIR/{DockerArgsExporter.file}) IMAGE")
