"""The command as people and scripts use it: output, mistakes, exit statuses."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support.blows import kill
from support.labs import TGW, Instance, Lab

MISTAKES = {
    "unknown command": ("frobnicate",),
    "no verb": ("instance",),
    "unknown option": ("instance", "list", "--nothing"),
    "bandwidth is no number": ("instance", "run", "--bandwidth", "lots"),
    "bandwidth above the range": ("instance", "run", "--bandwidth", "101"),
    "bandwidth below the range": ("instance", "run", "--bandwidth", "-1"),
    "unknown charge type": ("instance", "run", "--charge-type", "FREE"),
    "name too long": ("instance", "run", "--name", "x" * 129),
    "name not printable": ("instance", "run", "--name", "a\nb"),
    "no command": ("exec", "internet"),
    "no such topology file": ("lab", "up", "--topology", "/nowhere.toml"),
    "lab name": ("lab", "up", "--lab", "Not A Name"),
}


@pytest.mark.parametrize("words", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_and_status_2(lab: Lab, words: tuple[str, ...]) -> None:
    done = lab.run(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_a_refusal_is_one_line_and_status_1(lab: Lab, web: Instance) -> None:
    refusals = [
        ("instance", "start", "web"),
        ("eip", "unbind", lab.ask("eip", "allocate", "--name", "idle")["AddressId"]),
        ("eip", "unbind", "eip-00000000"),
        ("instance", "stop", "nobody"),
        ("eip", "release", "nothing"),
        ("exec", "nobody", "--", "true"),
    ]
    for words in refusals:
        done = lab.run(*words)
        assert done.returncode == 1, done
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1, done.stderr
    assert lab.run("eip", "release", "idle").returncode == 0


def test_an_ambiguous_name_is_refused_with_the_ids(lab: Lab) -> None:
    twins = [lab.instance("twin") for _ in range(2)]
    done = lab.run("instance", "stop", "twin")
    assert done.returncode == 1
    assert all(twin.id in done.stderr for twin in twins)
    for twin in twins:
        assert lab.run("instance", "terminate", twin.id).returncode == 0


def test_json_has_the_clouds_field_names(lab: Lab, web: Instance) -> None:
    instance = lab.ask("instance", "show", "web")
    assert instance["InstanceId"] == web.id
    assert instance["InstanceName"] == "web"
    assert instance["InstanceState"] == "RUNNING"
    assert instance["PrivateIpAddresses"] == [web.private]
    assert instance["PublicIpAddresses"] == [web.public]
    listed = lab.ask("instance", "list")
    assert instance in listed["InstanceSet"]
    assert listed["TotalCount"] == len(listed["InstanceSet"])
    eip = lab.ask("eip", "allocate", "--name", "shop", "--bandwidth", "5")
    assert eip["AddressName"] == "shop"
    assert eip["AddressStatus"] == "UNBIND"
    assert lab.ask("eip", "list")["AddressSet"] == [eip]
    assert lab.run("eip", "release", eip["AddressId"], "--json").returncode == 0


def test_table_is_what_is_in_force(lab: Lab, web: Instance) -> None:
    table = lab.ask("table")
    assert {"public": web.public, "private": web.private} in [
        {key: mapping[key] for key in ("public", "private")} for mapping in table["mappings"]
    ]
    assert web.private in lab.run("table").stdout


def test_events_can_be_followed(lab: Lab, web: Instance) -> None:
    with subprocess.Popen(
        [*TGW, "events", "--follow", "--last", "1", "--json", "--lab", lab.name],
        stdout=subprocess.PIPE,
        text=True,
    ) as follower:
        assert follower.stdout is not None
        last = json.loads(follower.stdout.readline())
        lab.run("instance", "stop", "web")
        kinds = [json.loads(follower.stdout.readline()) for _ in range(2)]
        follower.terminate()
    assert [event["state"] for event in kinds] == ["STOPPING", "STOPPED"]
    assert [event["sequence"] - last["sequence"] for event in kinds] == [1, 2]
    assert all(event["instance_id"] == web.id for event in kinds)


def test_exec_has_the_hosts_own_files_and_no_proxy(lab: Lab, web: Instance) -> None:
    assert "metadata.tencentyun.com" in lab.exec("web", "cat", "/etc/hosts").stdout
    assert "name server" in lab.exec("web", "cat", "/etc/resolv.conf").stdout
    proxied = {"http_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"}
    shown = lab.run("exec", "web", "--", "env", env=proxied).stdout
    assert "127.0.0.1:1" not in shown
    assert f"TGW_HOST={web.id}" in shown.splitlines()
    assert "metadata.tencentyun.com" not in Path("/etc/hosts").read_text()


def test_exec_gives_status_and_streams_of_the_command(lab: Lab, web: Instance) -> None:
    done = lab.run("exec", "web", "--", "sh", "-c", "cat; echo no >&2; exit 7", stdin="yes\n")
    assert (done.returncode, done.stdout, done.stderr) == (7, "yes\n", "no\n")
    assert lab.exec("web", "there-is-no-such-program").returncode == 127
    assert lab.exec("web", "/etc/hosts").returncode == 126
    assert lab.exec("web", "echo", "--", "-x").stdout == "-- -x\n"


def test_exec_by_id_needs_no_control(own_lab: Lab) -> None:
    instance = own_lab.instance("web")
    kill(own_lab, "control")
    assert own_lab.exec(instance.id, "true").returncode == 0
    done = own_lab.exec("web", "true")
    assert done.returncode == 1
    assert "'tgw lab up' starts it" in done.stderr
    assert own_lab.run("table").returncode == 0
    assert own_lab.run("counters").returncode == 0
    assert own_lab.run("events").returncode == 0


def test_shell_is_a_shell_in_the_host(lab: Lab, web: Instance) -> None:
    done = lab.run("shell", "web", stdin="cat /etc/hosts; exit 3\n", env={"SHELL": "/bin/sh"})
    assert done.returncode == 3
    assert "metadata.tencentyun.com" in done.stdout


def test_without_root_there_is_one_line(lab: Lab) -> None:
    # Imported as root: the files may be where nobody else can read them.
    script = (
        "import os, sys; from gateway.cli.main import main; "
        "os.setgroups([]); os.setgid(65534); os.setuid(65534); main(sys.argv[1:])"
    )
    for words in (("lab", "up"), ("instance", "list"), ("exec", "internet", "--", "true")):
        done = subprocess.run(
            [sys.executable, "-c", script, *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1, done
        assert done.stderr == "tgw: this needs root's rights: run it as root\n"


def test_output_into_a_closed_pipe_is_quiet(lab: Lab) -> None:
    command = f"{shlex.join(TGW)} events --lab {lab.name} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stderr == ""


def test_doctor_finds_this_machine_fit(lab: Lab) -> None:
    done = lab.run("doctor", "--quiet")
    assert (done.returncode, done.stdout) == (0, "")
    lines = lab.run("doctor").stdout.splitlines()
    assert any(line.split() == ["ok", "NFQUEUE"] for line in lines)
