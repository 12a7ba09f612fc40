"""The files in deploy/ by the checkers of their kinds, and where they must agree with each other and with the programs."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml

from Harness.gateway import NAMES, PROGRAMS, ROOT

DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml*"))
TOOLS = pathlib.Path(sys.executable).parent
# What TERM may take beyond drain_timeout (docs/operations.md).
BEYOND_DRAIN = 11


def checked(*line: object, text: str | None = None) -> str:
    done = subprocess.run([str(part) for part in line], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def seconds(text: str) -> int:
    """Of `90s`, `5m`, `1m30s`."""
    found = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", text)
    assert found and text, text
    return int(found[1] or 0) * 60 + int(found[2] or 0)


def manifests() -> list[dict]:
    return [one for path in MANIFESTS for one in yaml.safe_load_all(path.read_text())]


def manifest(kind: str) -> dict:
    (found,) = [one for one in manifests() if one["kind"] == kind]
    return found


def unit(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / name).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def container_configuration() -> dict:
    return yaml.safe_load((DEPLOY / "container.yaml").read_text())


# By their checkers


def test_shell_scripts() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    checked("shellcheck", *[DEPLOY / name for name in ("install.sh", "sluice-health")])
    rotate = (DEPLOY / "sluice.logrotate").read_text()
    script = re.search(r"postrotate\n(.*?)endscript", rotate, re.DOTALL)
    checked("shellcheck", "--shell=sh", "-", text=script[1])


def test_the_dockerfile() -> None:
    checked(TOOLS / "hadolint", DEPLOY / "Dockerfile")


def test_kubernetes_manifests() -> None:
    said = checked(TOOLS / "kubernetes-validate", "--strict", *MANIFESTS)
    for kind in ("statefulset", "service", "configmap", "poddisruptionbudget", "secret"):
        assert f"resource {kind}/sluice against" in said


def test_the_compose_file() -> None:
    checked(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")


@pytest.fixture
def units(tmp_path: pathlib.Path) -> pathlib.Path:
    """The unit files with a program that is there: systemd-analyze looks for it."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for name in ("sluice.service", "sluice.socket"):
        text = (DEPLOY / "systemd" / name).read_text()
        (tmp_path / name).write_text(text.replace("/usr/local/lib/sluice/current/sluice", "/bin/true"))
    return tmp_path


def test_the_units_are_right(units: pathlib.Path) -> None:
    assert checked("systemd-analyze", "verify", "--man=no", units / "sluice.service", units / "sluice.socket") == ""


def test_the_exposure_is_what_the_page_says(units: pathlib.Path) -> None:
    """docs/deployment.md names the figures; newer systemds weigh a little differently."""
    page = (ROOT / "docs" / "deployment.md").read_text()
    # As a drop-in works: what it sets replaces what the unit says.
    replaced = unit("single-user.conf")
    kept = [
        line
        for line in (units / "sluice.service").read_text().splitlines()
        if line.partition("=")[0] not in replaced
    ]
    settings = [f"{key}={value}" for key, values in replaced.items() for value in values]
    at = kept.index("[Service]") + 1
    (units / "single.service").write_text("\n".join(kept[:at] + settings + kept[at:]))
    for name, mark in (("sluice.service", "as root"), ("single.service", "as one user")):
        said = checked("systemd-analyze", "security", "--offline=true", "--threshold=100", units / name)
        (exposure,) = re.findall(r"exposure level for \S+: ([0-9.]+)", said)
        (promised,) = re.findall(rf"([0-9.]+) {mark}", page)
        assert abs(float(exposure) - float(promised)) <= 0.3, (name, exposure, promised)


# With the programs


@pytest.mark.parametrize("name", ["sluice.yaml", "container.yaml"])
def test_the_configurations_are_right(name: str) -> None:
    checked(PROGRAMS / "sluice", "check", "--config", DEPLOY / name)


def test_the_configuration_of_the_config_map_is_right(tmp_path: pathlib.Path) -> None:
    text = manifest("ConfigMap")["data"]["sluice.yaml"]
    # The gateway refuses the placeholder, as it should.
    secrets = manifest("Secret")["stringData"] | {"client-key": "sk-0b9c2d4e6f8a1c3e5d7f"}
    for name in re.findall(r"\$\{file:/run/secrets/sluice/([^}]+)\}", text):
        (tmp_path / name).write_text(secrets[name])
    (tmp_path / "sluice.yaml").write_text(text.replace("/run/secrets/sluice", str(tmp_path)))
    checked(PROGRAMS / "sluice", "check", "--config", tmp_path / "sluice.yaml")


def test_the_recipe_names_every_package_the_programs_link() -> None:
    if shutil.which("dpkg-query") is None:
        pytest.skip("no Debian")
    named = re.search(r"^needed=\((.*)\)$", (DEPLOY / "install.sh").read_text(), re.MULTILINE)[1].split()
    libraries = set()
    for name in NAMES:
        direct = re.findall(r"NEEDED.*\[(.*)\]", checked("readelf", "--dynamic", PROGRAMS / name))
        where = dict(re.findall(r"(\S+) => (/\S+)", checked("ldd", PROGRAMS / name)))
        # The Swift runtime is copied beside the programs.
        libraries |= {where[one] for one in direct if one in where and "swift/linux" not in where[one]}
    # dpkg knows a file of /lib under /usr/lib or under its old name, and the target of a link.
    paths = {path: {path, f"/usr{path}", str(pathlib.Path(path).resolve())} for path in libraries}
    line = ["dpkg-query", "-S", *set().union(*paths.values())]
    said = subprocess.run(line, capture_output=True, text=True, timeout=60).stdout
    owners = {path: package.split(":")[0] for package, path in re.findall(r"^(\S+): (/\S+)$", said, re.MULTILINE)}
    wanted = set()
    for path, candidates in paths.items():
        assert candidates & owners.keys(), f"no package has {path}"
        wanted |= {owners[one] for one in candidates & owners.keys()}
    # Those every Debian has.
    wanted -= {"libc6", "libgcc-s1"}
    assert wanted <= set(named), wanted - set(named)
    # And none is left over: certificates, zones and what libcurl brings (its TLS) are not linked directly.
    assert set(named) - wanted <= {"ca-certificates", "tzdata", "libssl3"}, set(named) - wanted


# With each other


def test_everybody_waits_longer_than_a_drain_takes() -> None:
    service = unit("sluice.service")
    example = yaml.safe_load((DEPLOY / "sluice.yaml").read_text())
    assert seconds(service["TimeoutStopSec"][0]) > seconds(example["drain_timeout"]) + BEYOND_DRAIN
    drain = seconds(container_configuration()["drain_timeout"])
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert seconds(compose["services"]["sluice"]["stop_grace_period"]) > drain + BEYOND_DRAIN
    assert tomllib.loads((DEPLOY / "fly.toml").read_text())["kill_timeout"] > drain + BEYOND_DRAIN
    pod = manifest("StatefulSet")["spec"]["template"]["spec"]
    drain = seconds(yaml.safe_load(manifest("ConfigMap")["data"]["sluice.yaml"])["drain_timeout"])
    pause = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > pause + drain + BEYOND_DRAIN


def test_the_image_and_its_users_agree() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    pod = manifest("StatefulSet")["spec"]["template"]["spec"]
    context = pod["securityContext"]
    assert f"USER {context['runAsUser']}:{context['runAsGroup']}" in dockerfile
    assert f"--uid {context['runAsUser']} " in dockerfile and f"--gid {context['runAsGroup']} " in dockerfile
    port = int(container_configuration()["listen"][0]["address"].rpartition(":")[2])
    assert f"EXPOSE {port}\n" in dockerfile
    assert pod["containers"][0]["ports"][0]["containerPort"] == port
    assert tomllib.loads((DEPLOY / "fly.toml").read_text())["http_service"]["internal_port"] == port
    (volume,) = json.loads(re.search(r"^VOLUME (.*)$", dockerfile, re.MULTILINE)[1])
    for text in (DEPLOY / "container.yaml").read_text(), manifest("ConfigMap")["data"]["sluice.yaml"]:
        assert yaml.safe_load(text)["state_directory"].startswith(volume + "/")


def test_the_pod_is_as_restricted_as_can_be() -> None:
    pod = manifest("StatefulSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    # The state is on a volume that survives the pod.
    claims = {claim["metadata"]["name"] for claim in manifest("StatefulSet")["spec"]["volumeClaimTemplates"]}
    (state,) = [mount["name"] for mount in container["volumeMounts"] if mount["mountPath"] == "/var/lib/sluice"]
    assert state in claims


def test_probes_ask_for_pages_that_exist() -> None:
    (container,) = manifest("StatefulSet")["spec"]["template"]["spec"]["containers"]
    paths = {container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "readiness", "liveness")}
    paths |= {check["path"] for check in tomllib.loads((DEPLOY / "fly.toml").read_text())["http_service"]["checks"]}
    api = (ROOT / "docs" / "api.md").read_text()
    assert paths == {"/health/live", "/health/ready"} and all(f"`{path}`" in api.replace("GET ", "") for path in paths)


def test_no_secret_is_in_the_image_or_its_context() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored and "**/.env*" in ignored
    assert not re.search(r"^(ENV|ARG) .*(KEY|SECRET|TOKEN|PASSWORD)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
