"""User data that is a script runs once, in the instance; its type bounds what it may use."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.labs import Instance, Lab, eventually

from gateway.lab import resources
from gateway.lab.resources import Groups

SCRIPT = """#!/bin/sh
echo "I am $(hostname), $(id -un)"
curl -s http://metadata.tencentyun.com/meta-data/public-ipv4; echo
echo "to stderr" >&2
echo once >> /srv/booted
exit 3
"""


def run(lab: Lab, user_data: str) -> Instance:
    answer = lab.control.call(
        "RunInstances",
        HostName="booting",
        UserData=base64.b64encode(user_data.encode()).decode(),
        InternetAccessible={"InternetMaxBandwidthOut": 10},
    )
    return Instance(lab, answer["InstanceIdSet"][0])


def test_a_script_runs_once_and_its_output_is_shown(lab: Lab) -> None:
    web = run(lab, SCRIPT)
    ended = "tgw: the script ended with status 3\n"
    eventually(lambda: ended in lab.run("instance", "log", web.id).stdout)
    assert lab.run("instance", "log", web.id).stdout == (
        f"I am booting, root\n{web.public}\nto stderr\n{ended}"
    )
    assert lab.run("instance", "reboot", web.id).returncode == 0
    assert lab.run("instance", "stop", web.id).returncode == 0
    assert lab.run("instance", "start", web.id).returncode == 0
    assert lab.exec(web.id, "cat", "/srv/booted").stdout == "once\n"
    web.terminate()


def test_a_script_may_stay_and_serve(lab: Lab) -> None:
    web = run(lab, "#!/bin/sh\nexec python3 -m http.server 80\n")
    eventually(lambda: lab.curl("internet", f"http://{web.public}/"))
    web.terminate()


def test_what_is_no_script_does_not_run(lab: Lab) -> None:
    web = run(lab, "#cloud-config\nhostname: elsewhere\n")
    done = lab.run("instance", "log", web.id)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "tgw: no user data ran in it\n")
    web.terminate()


def test_what_an_instance_uses_is_told_by_the_clouds_metrics(lab: Lab, web: Instance) -> None:
    if not resources.are_bounded():
        pytest.skip("this machine has no control groups to use")

    def last(metric: str) -> float:
        answer = lab.control.call(
            "GetMonitorData",
            Namespace="QCE/CVM",
            MetricName=metric,
            Period=10,
            Instances=[{"Dimensions": [{"Name": "InstanceId", "Value": web.id}]}],
            StartTime=(datetime.now(UTC) - timedelta(minutes=5)).isoformat(),
        )
        return max(answer["DataPoints"][0]["Values"], default=0.0)

    hold = "held = bytearray(100 << 20)\nwhile True: pass"
    with lab.start(web.id, "python3", "-c", hold):
        # On a busy machine it gets less of a processor than its type has.
        eventually(lambda: last("CpuUsage") > 5, within_s=60)
        eventually(lambda: last("MemUsed") > 100, within_s=60)
        assert last("MemUsage") > 100 / 1024 * 99
        assert last("BaseCpuUsage") > 5


def test_a_type_bounds_memory_and_processes_and_its_use_is_counted(lab: Lab) -> None:
    if not resources.are_bounded():
        pytest.skip("this machine has no control groups to use")
    web = lab.instance("bounded")
    groups = Groups(web.namespace)
    before = groups.use()
    assert before is not None
    assert before.memory < 1 << 30
    greedy = (
        "import time; start = time.process_time()\nwhile time.process_time() < start + 0.3: pass"
    )
    assert lab.exec(web.id, "python3", "-c", greedy).returncode == 0
    after = groups.use()
    assert after is not None
    assert after.cpu_s >= before.cpu_s + 0.3
    # S5.SMALL1 has 1 GiB.
    assert lab.exec(web.id, "python3", "-c", "bytearray(1 << 29)").returncode == 0
    assert lab.exec(web.id, "python3", "-c", "bytearray(1 << 31)").returncode != 0
    assert lab.exec(web.id, "true").returncode == 0
    web.terminate()
    eventually(lambda: groups.use() is None)
    assert [*Path("/sys/fs/cgroup").glob(f"**/{web.namespace}")] == []
