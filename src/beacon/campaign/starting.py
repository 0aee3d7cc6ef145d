"""Starts a container under a policy by `docker run` or `podman run`, or says why not.

Nothing is started under files that are not the policy's, nor with options that take its place.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from beacon.campaign.consent import Consent, some
from beacon.campaign.demands import RIGHTS, demands
from beacon.campaign.edited import edits
from beacon.campaign.enforced import Enforced, read_enforced
from beacon.campaign.open_context import open_engine
from beacon.campaign.seal import NoKeyError, is_sealed
from beacon.engines.choose import EngineChoice
from beacon.engines.docker_words import RunWords, read_words
from beacon.engines.interface import EngineUnavailableError
from beacon.errors import BeaconError, ExitCode, UsageError
from beacon.export.docker_args import DockerArgsExporter
from beacon.export.rights import NO_NEW_PRIVILEGES
from beacon.export.seccomp import SeccompExporter
from beacon.model.files import load_policy, load_verification
from beacon.model.launch import strip_cap_prefix
from beacon.model.policy import Policy
from beacon.model.text import escape_untrusted
from beacon.model.verification import Verification

#: Command lines that take the options of docker.args, by the name of their engine.
CLIENTS = ("docker", "podman")
_SECONDS = 20
_HASH = "sha256:"
#: Annotations by which crun takes another filter (crun(1), run.oci.seccomp_bpf_data).
_FILTERS = "run.oci.seccomp"


class EditedError(UsageError):
    """The files that would be enforced differ from policy.json."""

    exit_code = ExitCode.DIFFERENCE


def docker_run(
    directory: Path, words: Sequence[str], client: str = CLIENTS[0], *, trust: bool = False
) -> tuple[list[str], list[str]]:
    """The command that starts a container under the policy, and notes on what is not certain.

    `words` follow `docker run`, or that of another `client`. UsageError for options that would take
    the policy's place, for a directory without a policy, and for one that gives more than a plain
    container has, unless it is sealed here or to be `trust`ed; EditedError where its files differ
    from policy.json.
    """
    policy, enforced = load_policy(directory), read_enforced(directory)
    _check_files(policy, enforced, directory)
    _check_rights(policy, enforced, trust=trust)
    given = read_words(words)
    _check_options(given, enforced)
    # Before all others: there they count, wherever the options end.
    command = [client, "run", *enforced.options(directory), *words]
    return command, list(_notes(directory, policy, enforced, given, client))


def _check_files(policy: Policy, enforced: Enforced, directory: Path) -> None:
    files = (DockerArgsExporter.file, SeccompExporter.file)
    found = [each for each in edits(policy, directory, enforced.texts) if each.file in files]
    if found:
        raise EditedError(
            f"{found[0].sentence()}: nothing was started; write the policy again with `beacon "
            "policy`."
        )


def _check_rights(policy: Policy, enforced: Enforced, *, trust: bool) -> None:
    """UsageError for capabilities and calls beyond Docker's default that nobody agreed to here.

    All else that a policy asks for belongs to its runs: here the user's own options say it.
    """
    asked = demands(policy, (), enforced.enforcement, {})
    rights = [each for each in asked if each.option in RIGHTS]
    try:
        consent = Consent(trust=trust, sealed=bool(rights) and is_sealed(policy))
    except NoKeyError:
        consent = Consent(trust=trust)
    if unmet := [each for each in rights if consent.source(each) is None]:
        raise UsageError(
            "This policy gives what a plain container does not have, and no seal of this host "
            f"covers it: {some(unmet)}: read it, and give --trust before POLICY_DIR if you trust "
            "whoever made it."
        )


def _check_options(given: RunWords, enforced: Enforced) -> None:
    """UsageError for an option that would take the place of a part of the policy."""
    for option in _widening(given, enforced):
        raise UsageError(
            f"{escape_untrusted(option)} would take the policy's place: leave it out, and allow "
            "what the container needs with `beacon policy --allow EVENT`."
        )
    granted = {strip_cap_prefix(name) for name in enforced.enforcement.capabilities or ()}
    for name in map(strip_cap_prefix, given.values("cap-drop")):
        # Beside --cap-drop ALL Docker heeds no other, and gives what --cap-add says.
        if name in granted:
            raise UsageError(
                f"--cap-drop {name} would have no effect: leave it out, and deny it with `beacon "
                f"policy --deny CAP_{name}`."
            )


def _widening(given: RunWords, enforced: Enforced) -> Iterator[str]:
    if given.sets("privileged"):
        yield "--privileged"
    yield from (f"--cap-add {name}" for name in given.values("cap-add"))
    security = (each for each in given.values("security-opt") if _opens(each, enforced))
    yield from (f"--security-opt {each}" for each in security)
    filters = (each for each in given.values("annotation") if each.startswith(_FILTERS))
    yield from (f"--annotation {each}" for each in filters)


def _opens(security: str, enforced: Enforced) -> bool:
    key, _, value = security.replace(":", "=", 1).partition("=")
    # Docker reads the value with strconv.ParseBool, and of two the last.
    allows = key == NO_NEW_PRIVILEGES and value not in ("", "true")
    return key == "seccomp" or (allows and enforced.no_new_privileges)


def _notes(
    directory: Path, policy: Policy, enforced: Enforced, given: RunWords, client: str
) -> Iterator[str]:
    """What keeps the certificate from holding here, a sentence each."""
    again = f"beacon verify {shlex.quote(str(directory))}"
    certificate = None
    try:
        verification = load_verification(directory)
    except UsageError:  # there is none, or none that can be read
        yield f"this policy is not proven: {again}"
    else:
        certificate = verification.certificate
        yield from _unproven(verification, enforced, given, client, again)
    image = shlex.quote(escape_untrusted(given.image))
    verified = policy.image if certificate is None else certificate.image
    word = "profiled" if certificate is None else "verified"
    found = image_id(given.image, client)
    if found is None:
        yield f"{image} is not here yet: nobody can say whether it is the image that was {word}"
    elif found != verified.id:
        yield f"{image} is not the image that was {word} ({verified.reference}): {again} {image}"


def _unproven(
    verification: Verification, enforced: Enforced, given: RunWords, client: str, again: str
) -> Iterator[str]:
    certificate = verification.certificate
    if not verification.passed:
        yield f"this policy failed its verification: {again}"
    elif certificate is None:
        yield f"this policy has no certificate: {again}"
    elif certificate.policy != enforced.digest:
        yield f"the certificate is one of other files: {again}"
    elif (runtime := _runtime(given, client)) not in (None, certificate.host.runtime):
        known = certificate.host.runtime
        yield f"the policy was verified with {known}, not with {runtime}: {again}"
    elif (engine := certificate.host.engine.partition(" ")[0]) != client:
        yield f"the policy was verified with {engine}, not with {client}: {again}"


def _runtime(given: RunWords, client: str) -> str | None:
    """The runtime that will start it; None where nobody says."""
    if named := given.values("runtime"):
        return f"--runtime {escape_untrusted(named[-1])}"
    try:
        engine = open_engine(EngineChoice(client))
    except EngineUnavailableError:  # the client says more
        return None
    try:
        return engine.facts().runtime
    except EngineUnavailableError:
        return None
    finally:
        engine.close()


def image_id(reference: str, client: str = CLIENTS[0]) -> str | None:
    """The id of an image of the engine that the client speaks to; None without one.

    BeaconError if the client is not installed.
    """
    command = [client, "image", "inspect", "--format", "{{.Id}}", "--", reference]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None
    except OSError as error:
        raise BeaconError(
            f"The command {client} cannot be run ({error.strerror}): install it, or start the "
            "container by other means."
        ) from None
    if done.returncode:
        return None
    # Podman leaves the name of the hash out.
    return _HASH + done.stdout.decode(errors="replace").strip().removeprefix(_HASH)
