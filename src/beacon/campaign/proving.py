"""Runs a container under its policy without some of the events, and compares."""

from __future__ import annotations

import dataclasses
from collections.abc import Set
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from beacon.campaign.reporter import Reporter
from beacon.campaign.request import VerifyRequest
from beacon.campaign.seal import NoKeyError, has_seal, seal
from beacon.campaign.verifying import verify
from beacon.data.runtimes import all_tables
from beacon.errors import UsageError
from beacon.export.all import render_all
from beacon.model.event import Event
from beacon.model.files import load_scripts, write_files
from beacon.model.policy import Policy
from beacon.model.support import some
from beacon.model.verification import Verification
from beacon.synthesis.ablated import of_runtime, without


def prove(
    policy: Policy, denied: Set[Event], request: VerifyRequest, reporter: Reporter
) -> Verification:
    """Verify the policy of the request's directory as if these events were pinned as denied.

    Nothing in that directory changes. UsageError for what the container runtime itself makes, as
    no container would start; else errors as those of `verify`.
    """
    own = denied & of_runtime(policy, all_tables())
    if own:
        names = some(sorted(map(str, own)))
        raise UsageError(f"The container runtime itself needs {names}: no container starts.")
    part = replace(without(policy, denied), seal=None)
    if has_seal(policy, reporter.say):
        try:
            part = seal(part)
        except NoKeyError as error:
            reporter.say(f"Note: not sealed ({error}).")
    contents = load_scripts(request.policy, policy.scripts)
    scripts = {each.file: contents[each.name] for each in policy.scripts}
    with TemporaryDirectory(prefix="beacon-prove.") as place:
        write_files(Path(place), render_all(part) | scripts)
        return verify(dataclasses.replace(request, policy=Path(place)), reporter)
