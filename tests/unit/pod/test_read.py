"""From a manifest to what a kubelet would start."""

from __future__ import annotations

from pathlib import Path

import pytest

from beacon.engines.care import Handler, HttpGet
from beacon.errors import UsageError
from beacon.model.launch import POD_ADDRESS, MadeNetwork
from beacon.pod.interface import Pod, PodError, Role
from beacon.pod.read import Given, read_pod
from beacon.pod.security import of_kubelet

_WEB = Path(__file__).parents[2] / "engines" / "pods" / "web.yaml"


def _pod(tmp_path: Path, spec: str, more: str = "", given: Given | None = None) -> Pod:
    """The Pod of a manifest whose spec is given, indented by two."""
    path = tmp_path / "pod.yaml"
    head = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: x}}\nspec:\n"
    path.write_text(f"{head}{spec}{more}")
    return read_pod(path, None, given)


def _one(tmp_path: Path, container: str, spec: str = "", more: str = "") -> Pod:
    fields = f"  containers:\n  - name: c\n    image: i\n{container}"
    return _pod(tmp_path, f"{fields}{spec}", more)


def test_a_deployment() -> None:
    pod = read_pod(_WEB)
    assert (pod.name, pod.group) == ("web", 2000)
    assert [(each.name, each.role) for each in pod.containers] == [
        ("prepare", Role.INIT),
        ("keeper", Role.SIDECAR),
        ("nginx", Role.MAIN),
    ]
    prepare, keeper, nginx = pod.containers
    assert pod.before(nginx) == (prepare, keeper)
    assert pod.before(keeper) == (prepare,)
    assert nginx.launch.env == (f"ADDRESS={POD_ADDRESS}", "WORD=open sesame")
    assert nginx.launch.volumes == ("shared:/shared", "own:/own")
    assert prepare.launch.volumes == ("site:/site:ro", "shared:/shared")
    assert (prepare.launch.entrypoint, prepare.launch.command[0]) == ("sh", "-c")
    assert (nginx.launch.network, nginx.launch.stop_timeout) == (MadeNetwork.POD, 10)
    assert nginx.launch.group_add == ("2000",)
    assert nginx.launch.dns_option == ("ndots:5",)
    assert nginx.launch.dns_search[0] == "default.svc.cluster.local"
    care = nginx.care
    assert care.readiness is not None
    assert care.readiness.handler == Handler(request=HttpGet(80))
    assert care.liveness is not None
    assert care.liveness.period == 1
    assert care.pre_stop is not None
    assert care.pre_stop.command[:2] == ("sh", "-c")
    volumes = {each.name: each for each in pod.volumes}
    assert volumes["shared"].memory is None
    assert volumes["own"].memory == "mode=0777,size=1048576"
    assert volumes["site"].files["index.html"].content == b"hello\n"


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        ("StatefulSet", "spec: {template: {spec: {containers: [{name: c, image: i}]}}}"),
        ("DaemonSet", "spec: {template: {spec: {containers: [{name: c, image: i}]}}}"),
        ("Job", "spec: {template: {spec: {containers: [{name: c, image: i}]}}}"),
        (
            "CronJob",
            "spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: i}]}}}}}",
        ),
        ("Pod", "spec: {containers: [{name: c, image: i}]}"),
    ],
)
def test_every_kind_of_workload(tmp_path: Path, kind: str, head: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: w}}\n{head}\n")
    assert read_pod(path).container(None).image == "i"


def test_security_contexts(tmp_path: Path) -> None:
    own = (
        "    securityContext:\n"
        "      runAsUser: 5\n"
        "      readOnlyRootFilesystem: true\n"
        "      allowPrivilegeEscalation: false\n"
        "      capabilities: {add: [NET_ADMIN], drop: [ALL]}\n"
    )
    shared = (
        "  securityContext:\n"
        "    runAsUser: 1\n"
        "    runAsGroup: 7\n"
        "    runAsNonRoot: true\n"
        "    supplementalGroups: [3]\n"
        "    sysctls: [{name: net.core.somaxconn, value: '9'}]\n"
    )
    container = _one(tmp_path, own, shared).container("c")
    launch = container.launch
    assert (launch.user, launch.group_add) == ("5:7", ("3",))
    assert (launch.read_only, launch.no_new_privileges) == (True, True)
    assert (launch.cap_add, launch.cap_drop) == (("NET_ADMIN",), ("ALL",))
    assert launch.sysctl == ("net.core.somaxconn=9",)
    assert container.non_root


def test_profiles_of_a_node(tmp_path: Path) -> None:
    context = "    securityContext: {seccompProfile: {type: %s, localhostProfile: a/b.json}}\n"
    spec = f"  containers:\n  - name: c\n    image: i\n{context % 'Localhost'}"
    given = Given(profiles=lambda name: f'{{"of": "{name}"}}')
    assert _pod(tmp_path, spec, given=given).container("c").launch.seccomp == '{"of": "a/b.json"}'
    unconfined = _one(tmp_path, context % "Unconfined").container("c")
    assert unconfined.launch.seccomp == "unconfined"
    assert _one(tmp_path, context % "RuntimeDefault").container("c").launch.seccomp is None
    with pytest.raises(PodError, match="cannot be read"):
        _one(tmp_path, context % "Localhost")


def test_variables_and_what_they_refer_to(tmp_path: Path) -> None:
    env = (
        "    envFrom: [{configMapRef: {name: m}, prefix: M_}, {configMapRef: {name: n}}]\n"
        "    env:\n"
        "    - {name: A, value: 'a $(M_KEY) $$(M_KEY) $(NONE)'}\n"
        "    - {name: B, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['app']\"}}}\n"
        "    - {name: C, valueFrom: {resourceFieldRef: {resource: limits.memory}}}\n"
        "    - {name: D, valueFrom: {secretKeyRef: {name: none, key: k, optional: true}}}\n"
        "    command: [run, $(A)]\n"
        "    resources: {limits: {memory: 64Mi, cpu: 500m}}\n"
    )
    maps = "---\nkind: ConfigMap\nmetadata: {name: m}\ndata: {KEY: v}\n"
    maps += "---\nkind: ConfigMap\nmetadata: {name: n}\ndata: {0-not-a-variable: x}\n"
    launch = _one(tmp_path, env, "", maps).container("c").launch
    assert launch.env == ("M_KEY=v", "A=a v $(M_KEY) $(NONE)", "B=x", "C=67108864")
    assert launch.command == ("a v $(M_KEY) $(NONE)",)
    assert (launch.memory, launch.cpus, launch.cpu_shares) == (str(64 << 20), 0.5, 512)


def test_files_of_volumes(tmp_path: Path) -> None:
    spec = (
        "  volumes:\n"
        "  - name: s\n"
        "    secret: {secretName: k, defaultMode: 0400, items: [{key: word, path: d/w}]}\n"
        "  - name: p\n"
        "    projected:\n"
        "      sources:\n"
        "      - serviceAccountToken: {path: token}\n"
        "      - downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}\n"
    )
    more = "---\nkind: Secret\nmetadata: {name: k}\ndata: {word: c2VzYW1l}\n"
    volumes = {each.name: each for each in _one(tmp_path, "", spec, more).volumes}
    file = volumes["s"].files["d/w"]
    assert (file.content, file.mode, volumes["s"].memory) == (b"sesame", 0o400, "")
    assert set(volumes["p"].files) == {"token", "name"}
    assert volumes["p"].files["name"].content == b"p"


def test_paths_of_this_host_are_agreed_to(tmp_path: Path) -> None:
    spec = "  containers: [{name: c, image: i, volumeMounts: [{name: h, mountPath: /h}]}]\n"
    spec += "  volumes: [{name: h, hostPath: {path: /srv}}]\n"
    with pytest.raises(PodError, match="--host-path /srv"):
        _pod(tmp_path, spec)
    pod = _pod(tmp_path, spec, given=Given(("/srv",)))
    assert pod.container("c").launch.volumes == ("/srv:/h",)


@pytest.mark.parametrize(
    ("container", "spec", "named"),
    [
        ("    lifecycle: {preStop: {nothing: {}}}\n", "", "preStop"),
        ("    readinessProbe: {grpc: {port: 1}}\n", "", "readinessProbe"),
        ("    securityContext: {privileged: true}\n", "", "privileged"),
        ("    securityContext: {procMount: Unmasked}\n", "", "procMount"),
        ("    volumeDevices: [{name: d}]\n", "", "volumeDevices"),
        ("    volumeMounts: [{name: nope, mountPath: /x}]\n", "", "nope, which"),
        ("", "  volumes: [{name: v, persistentVolumeClaim: {claimName: x}}]\n", "Claim"),
        ("", "  volumes: [{name: v, configMap: {name: gone}}]\n", "ConfigMap gone"),
        ("", "  runtimeClassName: kata\n", "runtimeClassName"),
        ("    env: [{name: A, valueFrom: {fieldRef: {fieldPath: x.y}}}]\n", "", "x.y"),
        ("    resources: {limits: {memory: lots}}\n", "", "memory"),
        ("    readinessProbe: {tcpSocket: {port: web}}\n", "", "port"),
    ],
)
def test_what_is_not_supported_is_named(
    tmp_path: Path, container: str, spec: str, named: str
) -> None:
    with pytest.raises(PodError, match=named):
        _one(tmp_path, container, spec)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no workload"),
        ("kind: Service\n", "no workload"),
        ("- a\n", "not a mapping"),
        ("a: [\n", "not a manifest"),
        ("kind: Pod\n", "no spec|no containers|not a mapping"),
        ("kind: Pod\nspec: {containers: [{name: c}]}\n", "lacks its image"),
        ("kind: Deployment\nspec: {}\n", "no template"),
    ],
)
def test_what_is_no_manifest(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        read_pod(path)


def test_one_of_several_workloads(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    pod = "kind: Pod\nmetadata: {name: %s}\nspec: {containers: [{name: c, image: %s}]}\n"
    path.write_text("---\n".join(pod % (name, name) for name in ("one", "two")))
    with pytest.raises(PodError, match="one, two"):
        read_pod(path)
    assert read_pod(path, "two").container("c").image == "two"
    with pytest.raises(PodError, match="no workload three"):
        read_pod(path, "three")


def test_yaml_as_kubernetes_reads_it(tmp_path: Path) -> None:
    env = "    env: [{name: A, value: 22:22}, {name: B, value: 2020-01-01}]\n    tty: yes\n"
    launch = _one(tmp_path, env).container("c").launch
    assert (launch.env, launch.tty) == (("A=22:22", "B=2020-01-01"), True)


def test_names_and_namespaces(tmp_path: Path) -> None:
    spec = (
        "  hostNetwork: true\n"
        "  shareProcessNamespace: true\n"
        "  dnsPolicy: None\n"
        "  dnsConfig: {nameservers: [192.0.2.1], options: [{name: ndots, value: '2'}]}\n"
        "  hostAliases: [{ip: 192.0.2.9, hostnames: [db]}]\n"
    )
    pod = _one(tmp_path, "", spec)
    assert (pod.launch.network, pod.launch.pid) == ("host", "pod")
    launch = pod.container("c").launch
    assert (launch.dns, launch.dns_option, launch.dns_search) == (("192.0.2.1",), ("ndots:2",), ())
    assert launch.add_host == ("db:192.0.2.9",)


def test_profiles_of_apparmor(tmp_path: Path) -> None:
    context = "    securityContext: {appArmorProfile: {type: %s, localhostProfile: mine}}\n"
    for kind, name in (("Unconfined", "unconfined"), ("Localhost", "mine"), ("Other", None)):
        assert _one(tmp_path, context % kind).container("c").launch.apparmor == name


def test_profiles_of_apparmor_by_annotation(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    text = (
        "kind: Pod\nmetadata: {name: p, annotations: {%s/c: %s}}\n"
        "spec: {containers: [{name: c, image: i, securityContext: {%s}}]}\n"
    )
    key = "container.apparmor.security.beta.kubernetes.io"
    own = "appArmorProfile: {type: Localhost, localhostProfile: own}"
    for said, field, expected in (
        ("localhost/mine", "", "mine"), ("unconfined", "", "unconfined"),
        ("runtime/default", "", None), ("unconfined", own, "own"),
    ):  # fmt: skip
        path.write_text(text % (key, said, field))
        assert read_pod(path).container("c").launch.apparmor == expected


def test_a_profile_is_below_the_kubelet_s_folder(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "out.json").symlink_to("/etc/hostname")
    assert of_kubelet("a.json", tmp_path) == "{}"
    for name in ("../x", "/etc/hostname", "out.json", "none.json"):
        with pytest.raises(FileNotFoundError):
            of_kubelet(name, tmp_path)


def test_the_container_that_is_meant(tmp_path: Path) -> None:
    two = "  containers: [{name: a, image: i}, {name: b, image: j}]\n"
    pod = _pod(tmp_path, two)
    assert pod.container("b").image == "j"
    assert pod.before(pod.container("a")) == (pod.container("b"),)
    with pytest.raises(PodError, match="choose with --container a, b"):
        pod.container(None)
    with pytest.raises(PodError, match="no container c: it has a, b"):
        pod.container("c")
    with pytest.raises(PodError, match="two containers a"):
        _pod(tmp_path, "  containers: [{name: a, image: i}, {name: a, image: j}]\n")
    with pytest.raises(PodError, match="no containers"):
        _pod(tmp_path, "  containers: []\n")


def test_handlers(tmp_path: Path) -> None:
    fields = (
        "    ports: [{containerPort: 8080}]\n"
        "    lifecycle: {postStart: {sleep: {seconds: 2}}}\n"
        "    startupProbe: {tcpSocket: {port: 8080}, failureThreshold: 9}\n"
        "    readinessProbe:\n"
        "      httpGet: {port: 8080, scheme: HTTPS, httpHeaders: [{name: A, value: b}]}\n"
    )
    care = _one(tmp_path, fields).container("c").care
    assert care.post_start == Handler(pause=2.0)
    assert care.startup is not None
    assert (care.startup.handler, care.startup.failures) == (Handler(port=8080), 9)
    assert care.readiness is not None
    assert care.readiness.handler.request == HttpGet(8080, "/", "https", None, (("A", "b"),))
    with pytest.raises(PodError, match="host"):
        _one(tmp_path, "    readinessProbe: {httpGet: {port: 1, host: example.test}}\n")


def test_a_list_is_its_items(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "kind: List\nitems:\n- kind: Pod\n  spec: {containers: [{name: c, image: i}]}\n"
    )
    assert read_pod(path).containers[0].image == "i"


def test_what_is_too_much(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("---\na: 1\n" * 300)
    with pytest.raises(PodError, match="more than 256"):
        read_pod(path)
    with pytest.raises(PodError, match="Cannot read"):
        read_pod(tmp_path / "none.yaml")


def test_binary_entries(tmp_path: Path) -> None:
    volume = "  volumes: [{name: m, configMap: {name: m}}]\n"
    maps = "---\nkind: ConfigMap\nmetadata: {name: m}\nbinaryData: {k: /w==}\n"
    (found,) = _one(tmp_path, "", volume, maps).volumes
    assert found.files["k"].content == b"\xff"
    with pytest.raises(PodError, match="not text"):
        _one(tmp_path, "    envFrom: [{configMapRef: {name: m}}]\n", "", maps)
    wrong = "---\nkind: Secret\nmetadata: {name: m}\ndata: {k: '*'}\n"
    with pytest.raises(PodError, match="base64"):
        _one(tmp_path, "", "  volumes: [{name: m, secret: {secretName: m}}]\n", wrong)


@pytest.mark.parametrize(
    ("volume", "named"),
    [
        ("emptyDir: {medium: HugePages}", "medium"),
        ("emptyDir: {sizeLimit: lots}", "sizeLimit"),
        ("secret: {secretName: k, defaultMode: 01777}", "defaultMode"),
        ("secret: {secretName: k, items: [{key: a, path: ../up}]}", "path"),
        ("secret: {secretName: k, items: [{key: gone, path: x}]}", "has no gone"),
        ("projected: {sources: [{clusterTrustBundle: {}}]}", "clusterTrustBundle"),
        (
            "downwardAPI: {items: [{path: x, resourceFieldRef: {resource: limits.cpu}}]}",
            "limits.cpu",
        ),
    ],
)
def test_volumes_that_make_no_sense(tmp_path: Path, volume: str, named: str) -> None:
    more = "---\nkind: Secret\nmetadata: {name: k}\nstringData: {a: b}\n"
    with pytest.raises(PodError, match=named):
        _one(tmp_path, "", f"  volumes: [{{name: v, {volume}}}]\n", more)


@pytest.mark.parametrize(
    ("mount", "named"),
    [
        ("{name: v, mountPath: /x, mountPropagation: Bidirectional}", "mountPropagation"),
        ("{name: v, mountPath: 'a:b'}", "mountPath"),
        ("{name: v, mountPath: /x, subPath: ../up}", "path"),
    ],
)
def test_mounts_that_make_no_sense(tmp_path: Path, mount: str, named: str) -> None:
    volume = "  volumes: [{name: v, emptyDir: {sizeLimit: 1Mi}}]\n"
    with pytest.raises(PodError, match=named):
        _one(tmp_path, f"    volumeMounts: [{mount}]\n", volume)


def test_parts_of_volumes_and_optional_ones(tmp_path: Path) -> None:
    spec = (
        "  volumes:\n"
        "  - {name: v}\n"
        "  - {name: o, secret: {secretName: gone, optional: true, items: [{key: a, path: b}]}}\n"
        "  - name: p\n"
        "    projected:\n"
        "      sources: [{secret: {name: gone, optional: true}}, {configMap: {name: m}}]\n"
    )
    more = "---\nkind: ConfigMap\nmetadata: {name: m}\ndata: {k: v}\n"
    mount = "    volumeMounts: [{name: v, mountPath: /x, subPath: a/b, readOnly: true}]\n"
    pod = _one(tmp_path, mount, spec, more)
    assert pod.container("c").launch.volumes == ("v:/x:ro,subpath=a/b",)
    files = {each.name: set(each.files) for each in pod.volumes}
    assert files == {"v": set(), "o": set(), "p": {"k"}}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ("    resources: {limits: {cpu: lots}}\n", "cpu"),
        ("    workingDir: [a]\n", "workingDir"),
        (
            "    env: [{name: A, valueFrom: {configMapKeyRef: {name: m, key: gone}}}]\n",
            "has no gone",
        ),
        (
            "    env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}]\n",
            "limits.cpu",
        ),
        ("    securityContext: {capabilities: {add: [NO_SUCH]}}\n", "NO_SUCH"),
        ("    terminationGracePeriodSeconds: 5\n", "terminationGracePeriodSeconds"),
    ],
)
def test_containers_that_make_no_sense(tmp_path: Path, fields: str, named: str) -> None:
    more = "---\nkind: ConfigMap\nmetadata: {name: m}\ndata: {k: v}\n"
    with pytest.raises(UsageError, match=named):
        _one(tmp_path, fields, "", more)


def test_a_value_that_no_launch_has(tmp_path: Path) -> None:
    with pytest.raises(PodError, match="cannot be started so"):
        _one(tmp_path, "", "  terminationGracePeriodSeconds: 99999999\n")


def test_what_the_host_lends(tmp_path: Path) -> None:
    pod = _one(tmp_path, "", "  hostPID: true\n  hostIPC: true\n")
    assert (pod.launch.pid, pod.launch.ipc) == ("host", "host")


@pytest.mark.parametrize(
    ("container", "spec", "named"),
    [
        ("", "  volumes: [{name: '/:/host:fsgroup=', emptyDir: {}}]\n", "name that is not"),
        ("", "  volumes: [{name: ../v, emptyDir: {}}]\n", "name that is not"),
        ("", "  volumes: [{emptyDir: {}}]\n", "without a name"),
        ("", '  hostname: "a\\n192.0.2.1"\n', "hostname"),
        ("", '  hostAliases: [{ip: "192.0.2.1 x", hostnames: [a]}]\n', "ip"),
        ("", '  hostAliases: [{ip: 192.0.2.1, hostnames: ["a\\nb"]}]\n', "hostnames"),
        ("", "  dnsPolicy: Nobody\n", "dnsPolicy"),
        ("", "  terminationGracePeriodSeconds: -1\n", "number from 0"),
        ("", "  securityContext: {fsGroup: 99999999999}\n", "fsGroup"),
        ("", "  securityContext: {supplementalGroups: [-1]}\n", "supplementalGroups"),
        ("    securityContext: {runAsUser: -1}\n", "", "runAsUser"),
        ("    securityContext: {allowPrivilegeEscalation: never}\n", "", "true or false"),
        ("    securityContext: {runAsNonRoot: 1x}\n", "", "true or false"),
        ("    env: [{name: 'A=B', value: c}]\n", "", "name"),
        ("    env: [{value: c}]\n", "", "name"),
        ("    livenessProbe: {exec: {command: [a]}, timeoutSeconds: -1}\n", "", "timeoutSeconds"),
        ("    lifecycle: {preStop: {sleep: {seconds: 9999999999999}}}\n", "", "seconds"),
        (f"    readinessProbe: {{tcpSocket: {{port: '{'9' * 5000}'}}}}\n", "", "port"),
    ],
)
def test_what_a_cluster_would_not_take(
    tmp_path: Path, container: str, spec: str, named: str
) -> None:
    with pytest.raises(PodError, match=named):
        _one(tmp_path, container, spec)


@pytest.mark.parametrize("name", ["../../out", "/tmp/out", "a/b", "A", "a" * 64])
def test_a_container_s_name_is_part_of_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(PodError, match="name that is not"):
        _pod(tmp_path, f"  containers: [{{name: '{name}', image: i}}]\n")


def test_a_pod_s_name_is_one_of_a_host(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    text = "kind: Pod\nmetadata: {name: %s}\nspec: {containers: [{name: c, image: i}]}\n"
    path.write_text(text % '"a\\nb"')
    with pytest.raises(PodError, match="no Pod can have"):
        read_pod(path)
    path.write_text(text % f"{'a' * 62}.b")
    assert read_pod(path).launch.hostname == "a" * 62


@pytest.mark.parametrize("key", ["../../etc/cron.d/x", "/etc/cron.d/x", "a/b", ".", "..data", ""])
def test_an_entry_is_a_file_in_its_volume(tmp_path: Path, key: str) -> None:
    more = f"---\nkind: ConfigMap\nmetadata: {{name: m}}\ndata: {{'{key}': x}}\n"
    with pytest.raises(PodError, match="no valid name"):
        _one(tmp_path, "", "  volumes: [{name: v, configMap: {name: m}}]\n", more)


@pytest.mark.parametrize("path", ["../x", "/x", ".", "./", "a/../../x", "..data/x", "a\\0b"])
def test_a_chosen_path_is_in_its_volume(tmp_path: Path, path: str) -> None:
    items = f'items: [{{key: a, path: "{path}"}}]'
    more = "---\nkind: Secret\nmetadata: {name: k}\nstringData: {a: b}\n"
    with pytest.raises(PodError, match="path"):
        _one(tmp_path, "", f"  volumes: [{{name: v, secret: {{secretName: k, {items}}}}}]\n", more)


def test_a_path_of_this_host_is_the_one_that_was_agreed_to(tmp_path: Path) -> None:
    for path in ("/srv:/etc", "srv"):
        spec = "  containers: [{name: c, image: i}]\n"
        spec += f"  volumes: [{{name: h, hostPath: {{path: '{path}'}}}}]\n"
        with pytest.raises(PodError, match="absolute path"):
            _pod(tmp_path, spec, given=Given((path,)))


def test_variables_do_not_make_each_other_huge(tmp_path: Path) -> None:
    env = "    env:\n    - {name: A0, value: xxxxxxxxxx}\n"
    env += "".join(f"    - {{name: A{n}, value: {f'$(A{n - 1})' * 10}}}\n" for n in range(1, 30))
    with pytest.raises(PodError, match="longer than any program"):
        _one(tmp_path, env)


def test_a_key_that_is_there_twice(tmp_path: Path) -> None:
    with pytest.raises(PodError, match="the key hostPID twice"):
        _one(tmp_path, "", "  hostPID: false\n  hostPID: true\n")


def test_aliases_do_not_make_it_huge(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    one = f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 100)}]\n"
    for text in ("\n".join([*lines, "kind: *a29"]), "kind: List\nitems: &i [*i, *i]\n", one):
        path.write_text(text)
        with pytest.raises(PodError, match="too large once its aliases"):
            read_pod(path)
    merged = ["a0: &a0 {k: v}"]
    merged += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 30)]
    path.write_text("\n".join(merged))
    with pytest.raises(PodError, match="too large once its aliases"):
        read_pod(path)


def test_names_with_the_host_s_network(tmp_path: Path) -> None:
    def names(spec: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        launch = _one(tmp_path, "", spec).launch
        return launch.dns_search, launch.dns_option

    assert names("  hostNetwork: true\n") == ((), ())
    search, options = names("  hostNetwork: true\n  dnsPolicy: ClusterFirstWithHostNet\n")
    assert (search[-1], options) == ("cluster.local", ("ndots:5",))
    other = "  dnsConfig: {options: [{name: rotate}]}\n"
    assert names(other)[1] == ("ndots:5", "rotate")


def test_amounts_in_variables(tmp_path: Path) -> None:
    reference = "    - {name: %s, valueFrom: {resourceFieldRef: {resource: %s, divisor: %s}}}\n"
    wanted = (
        ("A", "limits.memory", "1Mi"), ("B", "limits.cpu", "1"), ("C", "limits.cpu", "1m"),
        ("D", "requests.memory", "0"),
    )  # fmt: skip
    env = "    env:\n" + "".join(reference % each for each in wanted)
    limits = "    resources: {limits: {memory: 65Mi, cpu: 1500m}}\n"
    launch = _one(tmp_path, env + limits).container("c").launch
    assert launch.env == ("A=65", "B=2", "C=1500", f"D={65 << 20}")
    with pytest.raises(PodError, match="divisor"):
        _one(tmp_path, "    env:\n" + reference % ("A", "limits.cpu", "some") + limits)


def test_annotations_are_quoted(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "kind: Pod\nmetadata: {name: p, annotations: {a: 'say \"x\"'}}\nspec:\n"
        "  containers: [{name: c, image: i}]\n"
        "  volumes:\n"
        "  - name: v\n"
        "    downwardAPI: {items: [{path: f, fieldRef: {fieldPath: metadata.annotations}}]}\n"
    )
    (volume,) = read_pod(path).volumes
    assert volume.files["f"].content == b'a="say \\"x\\""'


def test_what_a_cluster_writes_no_container_does(tmp_path: Path) -> None:
    kinds = {
        "e": "emptyDir: {}",
        "c": "configMap: {name: m}",
        "s": "secret: {secretName: gone, optional: true}",
        "d": "downwardAPI: {}",
        "p": "projected: {sources: []}",
    }
    spec = "  volumes:\n" + "".join(f"  - {{name: {n}, {kind}}}\n" for n, kind in kinds.items())
    mounts = "".join(f"    - {{name: {name}, mountPath: /{name}}}\n" for name in kinds)
    more = "---\nkind: ConfigMap\nmetadata: {name: m}\ndata: {k: v}\n"
    pod = _one(tmp_path, f"    volumeMounts:\n{mounts}", spec, more)
    words = ("e:/e", "c:/c:ro", "s:/s:ro", "d:/d:ro", "p:/p:ro")
    assert pod.container("c").launch.volumes == words
    assert [each.name for each in pod.volumes if not each.read_only] == ["e"]
